"""A comparison as a run: one training after another, in the order in which they finish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dada.comparison.bench import Bench
from dada.comparison.page import write_page
from dada.comparison.rows import errors_of, summarise
from dada.comparison.shared import trained
from dada.compute.distributed import ALONE, Processes
from dada.datasets import Dataset
from dada.runs import RunFolder, Work
from dada.runs.work import Record, Tick
from dada.training.augmentations import Method


class ComparisonWork(Work[dict[str, Any]]):
    """Trainings of each method from each seed. Their records are all the state there is.

    Args:
        bench: runs a training.
        methods: the rows; the first is the baseline.
        seeds: those of each row's trainings.
        processes: those that share the trainings.
    """

    noun, event, checkpointed = "comparison", "training", False

    def __init__(
        self,
        bench: Bench,
        methods: Sequence[Method],
        seeds: Sequence[int],
        processes: Processes = ALONE,
    ) -> None:
        self.bench, self.methods, self.seeds, self.processes = bench, methods, seeds, processes
        self._left = self._length = len(methods) * len(seeds)
        self._missing = [(method, seed) for seed in seeds for method in methods]
        self._trained: Iterator[Record] | None = None

    @property
    def dataset(self) -> Dataset:
        """The data that all networks are trained and tested on."""
        return self.bench.dataset

    @property
    def iteration(self) -> int:
        """Trainings done."""
        return self._length - self._left

    @property
    def length(self) -> int:
        """Trainings in all."""
        return self._length

    @property
    def ticks(self) -> tuple[int, int]:
        """Steps of all trainings; see `Work`."""
        return self.iteration * self.bench.steps, self._length * self.bench.steps

    def advance(self, on_progress: Tick) -> Record:
        """The record of the next training to finish; several may be under way."""
        if self._trained is None:
            self._trained = trained(self.bench, self._missing, self.processes, on_progress)
        record = next(self._trained)
        self._left -= 1
        return record

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the records are the state."""
        return {}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Leave out the trainings that are done."""
        done = state["records"]
        self._missing = [
            (method, seed)
            for method, seed in self._missing
            if not errors_of(done, method.name, [seed])
        ]
        self._left = len(self._missing)

    def finish(self, run: RunFolder | None, records: Sequence[Record]) -> dict[str, Any]:
        """The comparison: what was compared, and each row's errors and differences."""
        bench, task, test = self.bench, self.dataset.task, self.dataset.test
        comparison = {
            "baseline": self.methods[0].name,
            **task.recorded,
            **bench.facts(),
            "naive_error": task.naive_error(test.labels),
            **summarise(records, self.methods, self.seeds, len(test), bench.answers),
        }
        if run:
            run.write_json("comparison.json", comparison)
        return comparison

    def report(self, run: RunFolder) -> None:
        """See `Work`."""
        write_page(run)
