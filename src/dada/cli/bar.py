"""A progress bar with the time left, in a terminal or a notebook; elsewhere a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from dada.cli.clock import Clock
from dada.cli.notebook import Line, below_kernel, in_kernel
from dada.cli.terminal import terminal
from dada.errors import printable
from dada.report.numbers import about

if TYPE_CHECKING:
    from dada.datasets import Dataset, FileDataset
    from dada.runs.work import Part

SILENCE = 30.0
"""Without a bar, seconds without output after which a line is due."""
REDRAWN = 0.5
"""In a notebook, seconds after which the bar is drawn anew."""
LONG = 120.0
"""Work that takes more seconds than this is announced."""
REHEARSED = 6.0
"""Seconds of the work itself from which its length is foretold."""
FEWEST = 4
"""Steps from which it is: the first is slow, and of several at once one is done first."""


class Bar:
    """A Rich progress bar; in a notebook a line that is replaced; in a pipe or a log, a line at
    least every half minute.

    Args:
        said: notes on the data that have been printed already.
        doing: what happens before the bar begins.
    """

    def __init__(self, said: Sequence[str] = (), doing: str = "preparing") -> None:
        self._said, self._doing = said, doing
        plain = in_kernel() or below_kernel()
        self._console = Console(
            highlight=False,
            emoji=False,
            force_jupyter=False,
            force_terminal=False if plain else None,
        )
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("elapsed"),
            TimeElapsedColumn(),
            TextColumn("left"),
            _Left(self._left),
            console=self._console,
            disable=terminal.quiet or not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._clock: Clock | None = None
        self._shorter, self._steps = "", 0
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

    def begin(
        self, description: str, parts: Sequence[Part], done: int = 0, shorter: str = ""
    ) -> None:
        """Start a bar of all steps of the parts.

        Args:
            description: what is done, in a word.
            parts: of the work, `dada.runs.Work.parts`.
            done: steps that are done already.
            shorter: the end of the line that says how long it will take, if that is long: where it
                runs, and how to make it shorter. Without it there is none.
        """
        self._progress.start()
        total = sum(steps for steps, _ in parts)
        self._task = self._progress.add_task(description, total=total, completed=done)
        self._clock, self._shorter, self._steps = Clock(parts, done), shorter, 0

    def advance(self, steps: int = 1) -> None:
        """Advance by some steps."""
        if self._task is None or self._clock is None:
            return
        self._progress.advance(self._task, steps)
        self._steps += steps
        if self._shorter and self._steps >= FEWEST and self._clock.elapsed() >= REHEARSED:
            left = self._left()
            if left is not None and left > LONG:
                self.say(f"this takes about {about(left)} {self._shorter}")
            self._shorter = ""

    def extend(self, parts: Sequence[Part]) -> None:
        """Change the plan."""
        if self._task is not None and self._clock is not None:
            self._progress.update(self._task, total=sum(steps for steps, _ in parts))
            self._clock.change(parts)

    def _left(self) -> float | None:
        """Seconds left; None if that is not known."""
        if self._task is None or self._clock is None:
            return None
        return self._clock.left(int(self._progress.tasks[self._task].completed))

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
            # A line begins here, in the thread of the cell that runs, so that it stands below it.
            line = Line(self._how_far()) if in_kernel() else None
            self._reporter = Thread(target=self._report, args=[line], daemon=True)
            self._reporter.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _report(self, line: Line | None) -> None:
        """Without a bar, print how far it is whenever nothing was printed for long."""
        while line and not self._over.wait(REDRAWN):
            line.show(self._how_far(), self._share())
        if line:
            line.show(self._how_far(), self._share())
        while not self._over.wait(max(0.0, self._spoken + SILENCE - time.monotonic())):
            if time.monotonic() - self._spoken >= SILENCE:
                self.say(self._how_far())

    def _share(self) -> float | None:
        """What share of the steps is done; None before the first one."""
        if self._task is None:
            return None
        task = self._progress.tasks[self._task]
        return task.completed / max(task.total or 0.0, 1.0)

    def _how_far(self) -> str:
        if self._task is None:
            return self._doing
        task = self._progress.tasks[self._task]
        seconds = self._left()
        left = f", {_clock(seconds)} left" if seconds else ""
        elapsed = _clock(task.elapsed or 0.0)
        return (
            f"{task.description}: {task.completed:.0f} of {task.total or 0:.0f} steps, "
            f"{elapsed} elapsed{left}"
        )


class _Left(ProgressColumn):
    """The time left, as in ``1:05``."""

    max_refresh = 0.5

    def __init__(self, left: Callable[[], float | None]) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:
        """The column's text."""
        seconds = self._left()
        return Text("-:--" if seconds is None else _clock(seconds), style="progress.remaining")


def _clock(seconds: float) -> str:
    """``1:05``, ``2:00:07``"""
    return str(timedelta(seconds=round(seconds))).removeprefix("0:").removeprefix("0")
