"""Loggers by the names that the command line gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from dada.errors import UserError, meant
from dada.loggers.logger import Logger
from dada.loggers.mlflow import MLflow
from dada.loggers.tensorboard import TensorBoard
from dada.loggers.wandb import WandB

FOLDER = "tensorboard"
"""In a run folder: TensorBoard's files."""

LOGGERS: dict[str, Callable[[Path], Logger]] = {
    "tensorboard": lambda out: TensorBoard(out / FOLDER),
    "mlflow": lambda out: MLflow(),
    "wandb": lambda out: WandB(),
}


def named(names: Iterable[str], out: Path) -> list[Logger]:
    """The loggers of these names, each once.

    Args:
        out: the run folder.

    Raises:
        UserError: there is no such logger, or its library is not installed.
    """
    chosen = list(dict.fromkeys(names))
    for name in chosen:
        if name not in LOGGERS:
            raise UserError(
                f"no logger {name!r}{meant(name, LOGGERS)}: there are {', '.join(LOGGERS)}"
            )
    return [LOGGERS[name](out) for name in chosen]
