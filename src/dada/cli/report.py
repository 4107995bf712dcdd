"""dada report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dada.cli.terminal import terminal


def report(
    run: Annotated[
        Path, typer.Argument(help="A run folder of `dada search`, `dada compare` or `dada train`.")
    ],
    comparison: Annotated[
        list[Path] | None,
        typer.Option(help="For a search: the folder of a comparison elsewhere; may be repeated."),
    ] = None,
) -> None:
    """Write the report of a run again.

    Example: dada report runs/photos

    It shows what was found, pictures, curves, and whether it helps. Comparisons of a search's
    policy are found in the run's folder and in folders beside it.
    """
    from dada.reporting import write_report

    terminal.say(write_report(run, comparison or ()))
