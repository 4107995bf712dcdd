"""Options that several verbs share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dada.cli.terminal import terminal
from dada.errors import UserError, meant
from dada.names import (
    DATASETS,
    NETWORK_PATTERNS,
    PAPER_NETWORKS,
    TRAIN_PRESETS,
    WITHOUT_SEARCH,
    published_policies,
    recipe_names,
)

if TYPE_CHECKING:
    from dada.datasets import Choose

_OPTIONS = ("preset", "seed", "seeds", "side", "device")  # not by --set


def starting(names: Iterable[str]) -> Callable[[str], list[str]]:
    """Completion by the shell: those of the names that begin as what has been typed.

    Where there are none the shell completes file names.
    """
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


POLICY = starting(published_policies())
POLICY_OR_METHOD = starting(("none", *WITHOUT_SEARCH, *published_policies()))
RECIPE = starting((*TRAIN_PRESETS, *recipe_names()))
"""Completions."""

DATA = (
    f"{', '.join(DATASETS)}; hf:OWNER/NAME; a folder of class folders; or an .npz with x_train, "
    "y_train[, x_test, y_test]."
)
"""What data can be."""

Data = Annotated[
    str,
    typer.Argument(help=DATA, autocompletion=starting(DATASETS)),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1.")]
Side = Annotated[
    int | None,
    typer.Option(min=8, max=1024, help="Bring pictures of a folder to SIDE x SIDE pixels."),
]
Root = Annotated[
    Path | None, typer.Option(help="Where named sets are kept or downloaded to. [~/.cache/dada]")
]
Images = Annotated[int | None, typer.Option(help="Use this many training images.")]
Model = Annotated[
    str | None,
    typer.Option(
        help=f"Network: {', '.join(NETWORK_PATTERNS)}, or the name of one of torchvision's or "
        "timm's. [by image size]",
        autocompletion=starting(PAPER_NETWORKS),
    ),
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training images.")]
Batch = Annotated[int | None, typer.Option(help="Batch size.")]
Lr = Annotated[float | None, typer.Option(help="Learning rate of the network.")]
Cutout = Annotated[
    int | None,
    typer.Option(
        help="Blank a random square of this many pixels in every training image. "
        "[0, or the recipe's]"
    ),
]
Precision = Annotated[str | None, typer.Option(help="auto, float32 or bfloat16.")]
Resume = Annotated[bool, typer.Option("--resume", help="Resume the run in the folder.")]
Json = Annotated[
    Path | None,
    typer.Option("--json", help="Also write the result here as JSON; - is standard output."),
]


def extra_settings(pairs: list[str] | None, known: Iterable[str]) -> dict[str, Any]:
    """``["policy_lr=0.01"]`` as settings; values are JSON where they parse as JSON.

    Args:
        known: the names that there are.

    Raises:
        UserError: no such setting, or no value.
    """
    settings: dict[str, Any] = {}
    for pair in pairs or []:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UserError(f"--set {pair}: write it as NAME=VALUE")
        if name in _OPTIONS:
            raise UserError(f"--set {name}: give it as --{name}")
        if name not in known:
            names = ", ".join(n for n in known if n not in _OPTIONS)
            raise UserError(f"--set {name}: no such setting{meant(name, known)}; there are {names}")
        try:
            settings[name] = json.loads(text)
        except (ValueError, RecursionError):
            settings[name] = text
    return settings


def open_data(
    source: str,
    side: int | None,
    root: Path | None,
    files: bool = False,
    choose: Choose | None = None,
) -> Any:
    """Load the data and tell what was decided about it.

    Args:
        files: images that do not fit in memory may stay in their files.
        choose: which training images of a folder to decode; None decodes all.
    """
    from dada import datasets
    from dada.cli.bar import Bar

    with Bar(doing=f"loading {source}"):
        if files:
            dataset = datasets.open_images(source, side, root)
        else:
            dataset = datasets.load(source, side=side, root=root, choose=choose)
    for note in dataset.notes:
        terminal.note(note)
    return dataset


def check_outside(out: Path, source: str) -> None:
    """A run among the images would be taken for a class of them the next time.

    Raises:
        UserError: the run folder is in the image folder.
    """
    images = Path(source).expanduser().resolve()
    if images.is_dir() and images in (out.resolve(), *out.resolve().parents):
        raise UserError(f"{out} is in the image folder {source}: choose a run folder outside (-o)")


def check_model(name: str | None) -> None:
    """Fail before a long load rather than after it.

    Raises:
        UserError: there is no such network.
    """
    from dada.models.create import check_name

    if name is not None:
        check_name(name)


def check_picture(path: Path) -> None:
    """Fail before the work rather than after it.

    Raises:
        UserError: the ending is none that a picture can be written with.
    """
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"):
        raise UserError(f"{path}: not a picture's name: end it in .png or .jpg")
