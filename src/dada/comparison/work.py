"""A comparison as a run: one training after another, in the order in which they finish."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

from dada.comparison.bench import Bench
from dada.comparison.early import questions, why_stop
from dada.comparison.methods import by_interest
from dada.comparison.page import write_page
from dada.comparison.rows import (
    finished_seeds,
    losses_by_row,
    summarise,
    values_of,
    wrong_by_row,
)
from dada.comparison.shared import trained
from dada.compute.distributed import ALONE, Processes
from dada.compute.parallel import concurrency
from dada.deadline import Deadline
from dada.errors import option
from dada.report.gaps import FEWEST_SEEDS
from dada.report.numbers import count
from dada.runs import RunFolder, Work
from dada.runs.work import Part, Record, Tick
from dada.training.augmentations import Method

_BEYOND = 0.25  # of the budget, which the first seeds may take more: fewer say nothing


class ComparisonWork(Work[dict[str, Any]]):
    """Trainings of each method from each seed. Their records are all the state there is.

    Args:
        bench: runs a training.
        methods: the rows; the first is the baseline.
        seeds: those of each row's trainings, which are made one after another.
        processes: those that share the trainings.
        stop_early: end after a seed if `dada.comparison.early.why_stop` says why.
        deadline: end after a seed if there is no time for the next one; None for no limit.
        foretold: whether a note of the data says already how long it takes.
    """

    noun, event, checkpointed = "comparison", "training", False

    def __init__(
        self,
        bench: Bench,
        methods: Sequence[Method],
        seeds: Sequence[int],
        processes: Processes = ALONE,
        *,
        stop_early: bool = False,
        deadline: Deadline | None = None,
        foretold: bool = False,
    ) -> None:
        self.bench, self.methods, self.seeds, self.processes = bench, methods, seeds, processes
        self.dataset = bench.dataset
        self.stop_early, self.deadline, self.foretold = stop_early, deadline, foretold
        self.records: list[Record] = []
        self._left = self._length = len(methods) * len(seeds)
        self._missing = [(method, seed) for seed in seeds for method in by_interest(methods)]
        self._trained: Generator[Record, None, None] | None = None
        self._looked, self._before, self._began = 0, 0, time.perf_counter()
        self._stopped: str | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """See `Work`."""
        return self.bench.settings.model_dump(mode="json")

    def scalars(self, record: Record) -> tuple[int, dict[str, float]]:
        """By seed, the metric of each row."""
        metric = self.dataset.task.metric
        return record["seed"], {f"{metric.key}/{record['row']}": record[metric.key]}

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

    @property
    def parts(self) -> list[Part]:
        """As many trainings as run at once move on together, the last few in a smaller group."""
        (done, _), steps = self.ticks, self.bench.steps
        together = self.processes.size * concurrency(
            -(-self._left // self.processes.size), self.bench.device, **self.bench.load
        )
        groups, others = divmod(self._left, max(1, together))
        found = [(done, float(done)), (groups * together * steps, float(groups * steps))]
        return [*found, (others * steps, float(steps))] if others else found

    @property
    def finished(self) -> Sequence[int]:
        """The seeds, in order, of which every row is trained."""
        return finished_seeds(self.records, self.methods, self.seeds)

    def advance(self, on_progress: Tick) -> Record:
        """The record of the next training to finish; several may be under way."""
        if self._trained is None:
            self._trained = self._made(on_progress)
            self._before, self._began = len(self.finished), time.perf_counter()
        record = next(self._trained)
        self.records.append(record)
        self._left -= 1
        return record

    def _made(self, on_progress: Tick) -> Generator[Record, None, None]:
        """What is missing. Rows that change no image are not trained: they get the records of the
        first row that does not, the baseline, which theirs would be to the last bit."""
        same = [method.name for method in self.methods if method.is_none]
        copied = [(method, seed) for method, seed in self._missing if method.name in same[1:]]

        def and_copies(record: Record) -> Iterator[Record]:
            for method, seed in copied:
                if (record["row"], record["seed"]) == (same[0], seed):
                    for _ in range(self.bench.steps):
                        on_progress()
                    yield {**record, "row": method.name}

        for record in tuple(self.records):  # of a run that is resumed
            yield from and_copies(record)
        tasks = [task for task in self._missing if task not in copied]
        with closing(trained(self.bench, tasks, self.processes, on_progress)) as records:
            for record in records:
                yield record
                yield from and_copies(record)

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the records are the state."""
        return {}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Leave out the trainings that are done."""
        self.records = list(state["records"])
        self._missing = [
            (method, seed)
            for method, seed in self._missing
            if not values_of(self.records, self.dataset.task.metric, method.name, [seed])
        ]
        self._left = len(self._missing)

    def converged(self, records: Sequence[Record]) -> str | None:
        """Why to end after the last seed that is finished; see `Work`."""
        done = len(self.finished)
        if done == self._looked or done == len(self.seeds):
            return None
        self._looked = done
        self._stopped = self._answered(records) or self._late(done)
        if self._stopped and self._trained is not None:
            self._trained.close()
        return self._stopped

    def _answered(self, records: Sequence[Record]) -> str | None:
        if not self.stop_early:
            return None
        metric, done = self.dataset.task.metric, self.finished
        test, answers = len(self.dataset.test), self.bench.answers
        wrong = wrong_by_row(records, self.methods, done, test, answers)
        if not metric.over_images:
            wrong = losses_by_row(records, self.methods, done, metric)
        return None if wrong is None else why_stop(questions(self.methods), wrong, len(self.seeds))

    def _late(self, done: int) -> str | None:
        """Why to stop for lack of time, if there is none for another seed."""
        if self.deadline is None or done <= self._before:
            return None
        each = (time.perf_counter() - self._began) / (done - self._before)
        beyond = _BEYOND * self.deadline.seconds if done < FEWEST_SEEDS else 0.0
        if self.processes.broadcast(each <= self.deadline.left() + beyond):
            return None
        return (
            f"after {done} of {count(len(self.seeds), 'seed')}, as the time is spent; "
            f"{option('resume', True)} makes the others"
        )

    def standing(self) -> dict[str, Any]:
        """What the seeds that are finished say, of which there must be one: as `summarise`."""
        test, answers = len(self.dataset.test), self.bench.answers
        metric = self.dataset.task.metric
        return summarise(self.records, self.methods, self.finished, test, answers, metric)

    def finish(self, run: RunFolder | None, records: Sequence[Record]) -> dict[str, Any]:
        """The comparison: what was compared, and each row's errors and differences."""
        bench, task, test = self.bench, self.bench.task, self.dataset.test
        comparison = {
            "baseline": self.methods[0].name,
            **task.recorded,
            **bench.facts(),
            task.metric.naive_key: task.naive(test.labels),
            **({"stopped": self._stopped} if self._stopped else {}),
            **self.standing(),
        }
        if run:
            run.write_json("comparison.json", comparison)
        return comparison

    def report(self, run: RunFolder) -> None:
        """See `Work`."""
        write_page(run)
