"""How long the trainings of a comparison take on this machine, from a rehearsal of a few steps."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from dada.augment.loader import MemoryLoader
from dada.comparison.answers import wrong_answers
from dada.comparison.bench import Bench
from dada.compute.distributed import Processes
from dada.compute.parallel import Tick, concurrency, run_parallel
from dada.compute.randomness import forked
from dada.training.augmentations import Method

_FEW = 32  # images of the first, cautious step
_LONGEST = 1.5  # seconds that a step of a whole batch may take in the rehearsal
_ENOUGH = 0.5  # seconds of steps to take the mean of
_REPEATS = 5


@dataclass(frozen=True)
class Pace:
    """Seconds that parts of a training take.

    Attributes:
        start: a training's, before its first step.
        image: per training image that the network sees, without the augmentation.
        augment: the augmentation's, per training image, by the row's name.
        test: per test image.
        workers: trainings that run at once, over all processes of the job.
    """

    start: float
    image: float
    augment: Mapping[str, float]
    test: float
    workers: int

    def training(self, row: str, views: int, tests: int) -> float:
        """Seconds of one training.

        Args:
            row: its augmentation.
            views: training images that the network sees, repetitions included.
            tests: number of test images.
        """
        return self.start + views * (self.image + self.augment[row]) + tests * self.test

    def comparison(self, rows: Sequence[str], seeds: int, views: int, tests: int) -> float:
        """Seconds of a training of each row from each seed, as many at once as can be."""
        each = [self.training(row, views, tests) for row in rows]
        return makespan(each * seeds, self.workers)


def makespan(seconds: Iterable[float], workers: int) -> float:
    """When the last of several jobs ends, if each worker takes the next as soon as it is free.

    Examples:
        >>> makespan([3, 1, 1, 2], workers=2)
        4.0
    """
    free = [0.0] * workers
    for job in seconds:
        heapq.heapreplace(free, free[0] + job)
    return max(free)


def rehearse(bench: Bench, methods: Sequence[Method], trainings: int, processes: Processes) -> Pace:
    """Time a few steps of training, a few test images, and each row's augmentation.

    Everything is as in the comparison itself: network, batch, device, and so many trainings at
    once. Of a network whose steps take long, a part of a batch is timed.

    Args:
        bench: what the trainings share.
        methods: the rows.
        trainings: how many there will be, which bounds how many run at once.
        processes: all of them rehearse at the same time; the slowest counts.
    """
    share = max(1, trainings // processes.size)
    workers = concurrency(share, bench.device, **bench.load)

    def one(_: int, on_tick: Tick) -> list[float]:
        return _timed(bench, methods)

    found = [times for _, times in run_parallel(workers, one, bench.device, **bench.load)]
    gathered = [times for of_one in processes.all_gather(found) for times in of_one]
    start, image, test, *augment = (max(column) for column in zip(*gathered, strict=True))
    by_row = {method.name: seconds for method, seconds in zip(methods, augment, strict=True)}
    return Pace(start, image, by_row, test, workers * processes.size)


def _timed(bench: Bench, methods: Sequence[Method]) -> list[float]:
    """Seconds to start, per training image, per test image, and per image of each augmentation."""
    batch, tests = min(bench.settings.batch, len(bench.images)), min(_FEW, len(bench.test))
    few = min(_FEW, batch)
    with forked(bench.device):
        began = time.perf_counter()
        training = bench.begin(methods[0], 0, bench.first(few))
        start = time.perf_counter() - began
        image = _seconds(training.run_epoch) / few
        if batch > few and image * batch <= _LONGEST:
            training = bench.begin(methods[0], 0, bench.first(batch))
            image = _seconds(training.run_epoch) / batch
        test = MemoryLoader(bench.dataset.test.subset(range(tests)), bench.pipeline, bench.device)
        tested = _seconds(lambda: wrong_answers(training.tested, test, bench.pipeline)) / tests
        generator = torch.Generator().manual_seed(0)
        images, _ = next(bench.first(few).plain(few))
        augment = [
            _seconds(lambda m=method: m.augment(images, generator)) / few  # type: ignore[misc]
            for method in methods
        ]
    return [start, image, tested, *augment]


def _seconds(work: Callable[[], object]) -> float:
    """The mean time of a piece of work, after once to warm up."""
    work()
    done, passed, began = 0, 0.0, time.perf_counter()
    while done < _REPEATS and passed < _ENOUGH:
        work()
        done, passed = done + 1, time.perf_counter() - began
    return passed / done
