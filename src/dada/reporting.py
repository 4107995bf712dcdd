"""The page of any run: the one place that chooses by the kind of run which package writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from dada.comparison import page as comparison_page
from dada.errors import UserError
from dada.runs import RunFolder
from dada.searching import page as search_page
from dada.training import page as training_page

_WRITERS: dict[str, Callable[[RunFolder], Path]] = {
    "search": search_page.write_page,
    "compare": comparison_page.write_page,
    "train": training_page.write_page,
}


def write_report(path: str | Path, compared: Sequence[str | Path] = ()) -> Path:
    """Write `report.html` into the folder of a search, a comparison or a training.

    The page is one file: no network, no scripts, pictures inside. A search's page holds every
    comparison of its policy in the run's folder and in folders beside it.

    Args:
        path: the run folder.
        compared: folders of comparisons elsewhere to include in a search's page.

    Returns:
        The path of the page.

    Raises:
        UserError: there is no run, it has no results yet, or one of its files is damaged.
    """
    run = RunFolder.open(path)
    kind = run.config.get("kind")
    if not isinstance(kind, str) or kind not in _WRITERS:
        raise UserError(f"{run.path}: a run of an unknown kind {kind!r:.60}")
    if not compared:
        return _WRITERS[kind](run)
    if kind != "search":
        raise UserError(f"{run.path}: not a search: only its report takes comparisons")
    return search_page.write_page(run, compared)
