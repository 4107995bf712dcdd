"""Run folders given in place of data, and what their runs were started with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dada.errors import UserError
from dada.names import DATASETS, INSTANCES


def is_run(given: str) -> bool:
    """Whether this, given in place of data, is a run folder.

    Raises:
        UserError: it is neither, or its config is damaged.
    """
    from dada.datasets.huggingface import PREFIX
    from dada.runs import RunFolder
    from dada.runs.folder import CONFIG

    if given in DATASETS or given.startswith((PREFIX, INSTANCES)) or not given.strip():
        return False
    path = Path(given)
    if (path / CONFIG).is_file():
        return "kind" in RunFolder(path).config
    if not path.exists() or RunFolder(path).bare:
        RunFolder.open(path)  # raises: there is none
    return False


def started_with(verb: str, out: Path, data: str | None) -> dict[str, Any]:
    """The arguments that a run was started with.

    Raises:
        UserError: it cannot be resumed, or is of another verb.
    """
    from dada.runs import RunFolder, recall

    kind = RunFolder.open(out).config.get("kind")
    if kind != verb:
        raise UserError(f"{out}: a run of dada {kind}, not of dada {verb}")
    return recall(out, data).arguments
