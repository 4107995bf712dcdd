"""Callbacks as they were until 0.2, one class per kind of run; removed in the next version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dada.deprecation import renamed
from dada.runs.callback import Callback, Callbacks
from dada.runs.work import Record


class Watcher:
    """The callback of a search; `dada.Callback` replaces it."""

    def on_start(self, search: Any, dataset: Any) -> None:
        """Everything is ready and the first step is next."""

    def on_step(self, epoch: int, step: int) -> None:
        """A step has been made; both count from 1."""

    def on_epoch(self, record: Record, search: Any) -> None:
        """An epoch is over and saved."""

    def on_settled(self, reason: str) -> None:
        """The search ends before its last epoch, for this reason."""


class TrainWatcher:
    """The callback of a training; `dada.Callback` replaces it."""

    def on_start(self, training: Any, dataset: Any, method: Any) -> None:
        """Everything is ready and the first step is next."""

    def on_step(self) -> None:
        """A step has been made."""

    def on_epoch(self, record: Record) -> None:
        """An epoch is over, tested and saved."""


class CompareWatcher:
    """The callback of a comparison; `dada.Callback` replaces it."""

    def on_start(self, trainings: int, steps: int, settings: Any, dataset: Any) -> None:
        """Everything is ready.

        Args:
            trainings: how many are left.
            steps: per training.
            settings: those of all trainings.
            dataset: the data.
        """

    def on_step(self) -> None:
        """A step of a training has been made."""

    def on_training(self, record: Record) -> None:
        """A training is over: its row, seed, test error and seconds."""


AnyWatcher = Watcher | TrainWatcher | CompareWatcher


def as_callback(
    callback: Callback[Any] | Sequence[Callback[Any]] | None, watch: AnyWatcher | None = None
) -> Callback[Any] | None:
    """One callback, of one or several, or of a watcher.

    Raises:
        UserError: both are given.
    """
    given: Any = renamed("watch", watch, "callback", callback)
    if isinstance(given, Watcher):
        return _Search(given)
    if isinstance(given, TrainWatcher):
        return _Training(given)
    if isinstance(given, CompareWatcher):
        return _Comparison(given)
    return Callbacks(given) if isinstance(given, Sequence) else given


class _Search(Callback[Any]):
    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    def on_start(self, work: Any) -> None:
        self.work, self.step = work, 0
        self.watcher.on_start(work.search, work.dataset)

    def on_progress(self) -> None:
        self.step += 1
        self.watcher.on_step(self.work.iteration + 1, self.step)

    def on_record(self, record: Record) -> None:
        self.step = 0
        self.watcher.on_epoch(record, self.work.search)

    def on_converged(self, reason: str) -> None:
        self.watcher.on_settled(reason)


class _Training(Callback[Any]):
    def __init__(self, watcher: TrainWatcher) -> None:
        self.watcher = watcher

    def on_start(self, work: Any) -> None:
        self.watcher.on_start(work.training, work.dataset, work.method)

    def on_progress(self) -> None:
        self.watcher.on_step()

    def on_record(self, record: Record) -> None:
        self.watcher.on_epoch(record)


class _Comparison(Callback[Any]):
    def __init__(self, watcher: CompareWatcher) -> None:
        self.watcher = watcher

    def on_start(self, work: Any) -> None:
        left, bench = work.length - work.iteration, work.bench
        self.watcher.on_start(left, bench.steps, bench.settings, work.dataset)

    def on_progress(self) -> None:
        self.watcher.on_step()

    def on_record(self, record: Record) -> None:
        self.watcher.on_training(record)
