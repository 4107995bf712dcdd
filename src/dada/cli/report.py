"""dada report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[Path, typer.Argument(help="A run folder of dada search, compare or train.")],
) -> None:
    """Write report.html of a run again: what was found, pictures, curves, and whether it helps.

    Example: dada report runs/photos
    """
    from dada.report import write_report

    print(write_report(run))
