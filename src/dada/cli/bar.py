"""A progress bar with the time left; without a terminal, a line every half minute."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from dada.cli.terminal import terminal
from dada.errors import printable

if TYPE_CHECKING:
    from dada.datasets import Dataset, FileDataset

SILENCE = 30.0
"""Without a bar, seconds without output after which a line is due."""


class Bar:
    """A Rich progress bar; in a pipe or a log, a line at least every half minute.

    Args:
        said: notes on the data that have been printed already.
        doing: what happens before the bar begins.
    """

    def __init__(self, said: Sequence[str] = (), doing: str = "preparing") -> None:
        self._said, self._doing = said, doing
        self._console = Console(highlight=False, emoji=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("elapsed"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=terminal.quiet or not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._spoken, self._over = time.monotonic(), Event()
        self._reporter: Thread | None = None

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._spoken = time.monotonic()
        if not terminal.quiet:
            # Rich keeps the bar below what its own console prints.
            self._console.print(printable(text), soft_wrap=True, markup=False)

    def say_notes(self, dataset: Dataset | FileDataset) -> None:
        """Print the notes on the data that have not been printed yet."""
        for note in dataset.notes:
            if note not in self._said:
                self.say(f"note: {note}")

    def begin(self, description: str, total: int, done: int = 0) -> None:
        """Start a bar of `total` steps."""
        self._progress.start()
        self._task = self._progress.add_task(description, total=total, completed=done)

    def advance(self) -> None:
        """Advance by one step."""
        if self._task is not None:
            self._progress.advance(self._task)

    def extend(self, total: int) -> None:
        """Change the total number of steps."""
        if self._task is not None:
            self._progress.update(self._task, total=total)

    def stop(self) -> None:
        """Remove the bar and print nothing more by itself."""
        self._over.set()
        if self._reporter is not None:
            # Whatever this bar has seen must not end in a thread: when Python exits, that aborts.
            self._reporter.join()
            self._reporter = None
        self._progress.stop()

    def stopped(self, out: Path) -> str:
        """What a run folder has after Ctrl-C, in words."""
        return f"stopped; what is finished is kept in {out}"

    def __enter__(self) -> Self:
        if self._progress.disable and not terminal.quiet:
            self._reporter = Thread(target=self._report, daemon=True)
            self._reporter.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _report(self) -> None:
        """Without a bar, print how far it is whenever nothing was printed for long."""
        while not self._over.wait(max(0.0, self._spoken + SILENCE - time.monotonic())):
            if time.monotonic() - self._spoken >= SILENCE:
                self.say(self._how_far())

    def _how_far(self) -> str:
        if self._task is None:
            return self._doing
        task = self._progress.tasks[self._task]
        left = "" if task.time_remaining is None else f", {_clock(task.time_remaining)} left"
        elapsed = _clock(task.elapsed or 0.0)
        return (
            f"{task.description}: {task.completed:.0f} of {task.total or 0:.0f} steps, "
            f"{elapsed} elapsed{left}"
        )


def _clock(seconds: float) -> str:
    """``1:05``, ``2:00:07``"""
    return str(timedelta(seconds=round(seconds))).removeprefix("0:").removeprefix("0")
