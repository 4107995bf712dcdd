"""dada report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dada.cli.terminal import terminal


def report(
    run: Annotated[Path, typer.Argument(help="A run folder of dada search, compare or train.")],
) -> None:
    """Write report.html of a run again: what was found, pictures, curves, and whether it helps.

    Example: dada report runs/photos
    """
    from dada.report import write_report

    terminal.say(write_report(run))
