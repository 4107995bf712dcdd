"""Progress on the terminal: a bar with the time left, and a line of what matters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

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

from dada.augment.words import around
from dada.cli.terminal import terminal
from dada.datasets import Dataset, FileDataset, channels_in_words
from dada.errors import printable
from dada.report.numbers import count
from dada.searching import Watcher
from dada.searching.run import AnySearch
from dada.training import CompareWatcher, TrainSettings, TrainWatcher
from dada.training.methods import BASELINE, Method
from dada.training.training import Training

SILENCE = 30.0
"""Seconds after which a line is due where there is no bar."""


class Bar:
    """A Rich progress bar; on a pipe or in a log, lines, one at least every half minute.

    Args:
        said: notes on the data that the user has seen already.
    """

    def __init__(self, said: Sequence[str] = ()) -> None:
        self._said = said
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

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._spoken = time.monotonic()
        if not terminal.quiet:
            # Rich keeps the bar below what its own console prints.
            self._console.print(printable(text), soft_wrap=True, markup=False)

    def say_notes(self, dataset: Dataset | FileDataset) -> None:
        """Say what there is to know of the data, but for what has been said."""
        for note in dataset.notes:
            if note not in self._said:
                self.say(f"note: {note}")

    def begin(self, description: str, total: int, done: int = 0) -> None:
        """Start a bar of `total` steps."""
        self._task = self._progress.add_task(description, total=total, completed=done)

    def advance(self) -> None:
        """One step more."""
        if self._task is not None:
            self._progress.advance(self._task)

    def extend(self, total: int) -> None:
        """Change how many steps there are in all."""
        if self._task is not None:
            self._progress.update(self._task, total=total)

    def stop(self) -> None:
        """Leave the terminal to others."""
        self._over.set()
        self._progress.stop()

    def __enter__(self) -> Self:
        self._progress.start()
        if self._progress.disable and not terminal.quiet:
            Thread(target=self._report, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _report(self) -> None:
        """Where no bar is seen: say how far it is, whenever nothing has been said for long."""
        while not self._over.wait(max(0.0, self._spoken + SILENCE - time.monotonic())):
            if time.monotonic() - self._spoken >= SILENCE:
                self.say(self._how_far())

    def _how_far(self) -> str:
        if self._task is None:
            return "preparing"
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


class SearchProgress(Bar, Watcher):
    """A search: steps, validation accuracy and the leading sub-policies."""

    epochs_done = 0
    unit = "epoch"
    _found: Sequence[str] = ()

    def on_start(self, search: AnySearch, dataset: Dataset) -> None:
        """Say what is searched, with what."""
        self.epochs_done, self.unit = search.epoch, search.unit
        self.say(
            f"searching {dataset.name}: {len(search.train)} images to train, "
            f"{len(search.valid)} to validate, {dataset.side[1]} × {dataset.side[0]} pixels, "
            f"{channels_in_words(dataset.channels)}; {around(search.settings.model_dump())}; "
            f"{search.words()}, "
            f"{len(search.distribution.space.sub_policies)} sub-policies, "
            f"seed {search.settings.seed}"
        )
        self.say_notes(dataset)
        self.begin("search", sum(search.steps), sum(search.steps[: search.epoch]))

    def on_step(self, epoch: int, step: int) -> None:
        """Move the bar."""
        self.advance()

    def on_epoch(self, record: dict[str, Any], search: AnySearch) -> None:
        """Say how the child does and what leads."""
        self.epochs_done = record["epoch"]
        names = search.distribution.space.sub_policies
        weights = record["weights"]
        leading = sorted(range(len(weights)), key=lambda i: -weights[i])[:3]
        text = ", ".join(f"{'+'.join(names[i])} {weights[i]:.1%}" for i in leading)
        self.say(
            f"{self.unit} {record['epoch']:3d}  training loss {record['train_loss']:.3f}, "
            f"validation accuracy {record['validation_accuracy']:5.1%}  "
            f"{record['seconds']:.1f} s  leading: {text}"
        )
        notes = record.get("findings", {}).get("notes", [])
        for note in notes:
            if note not in self._found:
                self.say(f"note: {note}")
        self._found = notes
        if "replanned" in record:
            self.say(f"note: {record['replanned']}")
            self.extend(sum(search.steps))

    def on_settled(self, reason: str) -> None:
        """Say why it ends."""
        self.say(f"note: {reason}; --set settled=0 goes on")


class CompareProgress(Bar, CompareWatcher):
    """A comparison: steps over all trainings, and each test error as it comes."""

    def on_start(
        self, trainings: int, steps: int, settings: TrainSettings, dataset: Dataset
    ) -> None:
        """Say what is trained."""
        self.say(
            f"{trainings} trainings of {settings.model}, {count(settings.epochs, 'epoch')} each; "
            f"in every row {around(settings.model_dump())}"
        )
        self.say_notes(dataset)
        self.begin("train", trainings * steps)

    def on_step(self) -> None:
        """Move the bar."""
        self.advance()

    def on_training(self, record: dict[str, Any]) -> None:
        """Say the test error."""
        self.say(
            f"seed {record['seed']}  {record['row']:<24} test error "
            f"{record['test_error']:6.2%}  {record['seconds']:.1f} s"
        )


class TrainProgress(Bar, TrainWatcher):
    """A training: steps, and each epoch's loss and test error."""

    epochs_done = 0

    def on_start(self, training: Training, dataset: Dataset | FileDataset, method: Method) -> None:
        """Say what is trained, with what."""
        s, per_epoch = training.settings, training.steps_per_epoch
        policy = "" if method is BASELINE else f"policy {method.name}, "
        self.epochs_done = training.epoch
        self.say(
            f"training {s.model} on {dataset.name}: {len(training.images)} images, "
            f"{count(s.epochs, 'epoch')} of {count(per_epoch, 'step')}, "
            f"{policy}{around(s.model_dump())}"
        )
        self.begin("train", s.epochs * per_epoch, training.epoch * per_epoch)

    def on_step(self) -> None:
        """Move the bar."""
        self.advance()

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Say how the network does."""
        self.epochs_done = record["epoch"]
        error = f"  test error {record['test_error']:6.2%}" if "test_error" in record else ""
        self.say(
            f"epoch {record['epoch']:4d}  training loss {record['train_loss']:.3f}  "
            f"{record['seconds']:.1f} s{error}"
        )
