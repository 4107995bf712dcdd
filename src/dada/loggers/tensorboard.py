"""TensorBoard: a folder of event files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dada.extras import library
from dada.loggers.logger import Logger


class TensorBoard(Logger):
    """Numbers as scalars, for ``tensorboard --logdir FOLDER``.

    Args:
        folder: of the event files.

    Raises:
        UserError: TensorBoard is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        library("tensorboard", "logger tensorboard")
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  (optional)

        self._folder, self._new = Path(folder), SummaryWriter

    def begin(self, name: str, settings: Mapping[str, Any]) -> None:
        """See `Logger`."""
        self._writer = self._new(str(self._folder))
        lines = "\n".join(f"    {key}: {value}" for key, value in settings.items())
        self._writer.add_text("settings", f"{name}\n\n{lines}")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """See `Logger`."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def end(self, failed: bool) -> None:
        """See `Logger`."""
        self._writer.close()
