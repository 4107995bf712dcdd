"""Weights & Biases: a run of a project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dada.extras import library
from dada.loggers.logger import Logger


class WandB(Logger):
    """Numbers as metrics, settings as the run's config.

    Args:
        project: its name.
        **options: passed to ``wandb.init``, such as ``mode="offline"``.

    Raises:
        UserError: wandb is not installed.
    """

    def __init__(self, project: str = "dada", **options: Any) -> None:
        self._wandb = library("wandb", "logger wandb")
        self._options = {"project": project, **options}

    def begin(self, name: str, settings: Mapping[str, Any]) -> None:
        """See `Logger`."""
        self._run = self._wandb.init(name=name, config=dict(settings), **self._options)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """See `Logger`."""
        # A comparison's steps are seeds, each of which comes several times: wandb's own step may
        # only grow.
        self._run.log({**values, "step": step})

    def end(self, failed: bool) -> None:
        """See `Logger`."""
        self._run.finish(exit_code=int(failed))
