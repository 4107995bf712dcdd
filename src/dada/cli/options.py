"""Arguments and options of several verbs, and their completion by the shell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from dada.names import (
    DATASETS,
    INSTANCES,
    TRAIN_PRESETS,
    WITHOUT_SEARCH,
    published_policies,
    recipe_names,
)


def starting(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Completion: the names that begin with what was typed so far.

    If there are none, the shell completes file names.
    """
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


POLICY = starting(published_policies())
POLICY_OR_METHOD = starting(("none", *WITHOUT_SEARCH, *published_policies()))
RECIPE = starting((*TRAIN_PRESETS, *recipe_names()))
"""Completions."""

DATA = (
    f"{', '.join(DATASETS)}; hf:OWNER/NAME; a folder of class folders, or of images with boxes or "
    f"masks ({INSTANCES}FOLDER for masks of objects); a .csv of path and label; or an .npz with "
    "x_train, y_train[, x_test, y_test]"
)
"""What data can be."""

Data = Annotated[str, typer.Argument(help=f"{DATA}.", autocompletion=starting(DATASETS))]
DataOrRun = Annotated[
    str | None,
    typer.Argument(
        help=f"{DATA}. With --resume, a run folder. [digits]", autocompletion=starting(DATASETS)
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option("--data", help="The same as DATA.", autocompletion=starting(DATASETS)),
]
Device = Annotated[str, typer.Option(help="Device: auto, cpu, cuda, cuda:1.")]
Backbone = Annotated[
    Path | None,
    typer.Option(
        help="Start the network's backbone from the weights of this run of dada train, or in this "
        "file."
    ),
]
Side = Annotated[
    int | None,
    typer.Option(min=8, max=1024, help="Resize and crop images to SIDE x SIDE pixels."),
]
Epoch = Annotated[
    int | None,
    typer.Option(min=1, help="Epoch of a schedule, from 1 to its length."),
]
Root = Annotated[
    Path | None, typer.Option(help="Folder of named sets, and of downloads. [~/.cache/dada]")
]
Json = Annotated[
    Path | None,
    typer.Option(
        "--json", help="Also write the result to this file as JSON; - is standard output."
    ),
]
