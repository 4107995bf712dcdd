"""How long the trainings of a comparison take on this machine, from a rehearsal of a few steps."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import torch

from dada.augment.loader import MemoryLoader
from dada.comparison.answers import answers
from dada.comparison.bench import Bench
from dada.compute.distributed import Processes
from dada.compute.parallel import Tick, concurrency, run_parallel
from dada.compute.randomness import forked
from dada.training.augmentations import Method

_FEW = (8, 32)  # images of the first, cautious steps
_LONGEST = 1.5  # seconds that a larger step may take, by the ones before it
_LEAST, _MOST, _ENOUGH = 3, 7, 0.5  # times that something is done, and seconds that are enough


@dataclass(frozen=True)
class Pace:
    """Seconds that parts of a training take.

    Attributes:
        start: a training's, before its first step.
        image: per training image that the network sees, without the augmentation.
        augment: the augmentation's, per training image, by the row's name.
        test: per test image.
        workers: trainings that run at once, over all processes of the job.
        copied: names of the rows that are not trained, as the baseline's trainings are theirs.
    """

    start: float
    image: float
    augment: Mapping[str, float]
    test: float
    workers: int
    copied: Collection[str] = ()

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
        each = [self.training(row, views, tests) for row in rows if row not in self.copied]
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
    copied = [method.name for method in methods if method.is_none][1:]
    return Pace(start, image, by_row, test, workers * processes.size, copied)


def _timed(bench: Bench, methods: Sequence[Method]) -> list[float]:
    """Seconds to start, per training image, per test image, and per image of each augmentation."""
    batch, device = min(bench.settings.batch, len(bench.images)), bench.device
    with forked(device):
        image, start = 0.0, 0.0
        for count in sorted({min(batch, size) for size in (*_FEW, batch)}):
            if image * count > _LONGEST:
                break
            began = time.perf_counter()
            training = bench.begin(methods[0], 0, bench.first(count))
            start = time.perf_counter() - began
            image, seen = _seconds(training.run_epoch) / count, count
        tests = bench.dataset.test.subset(range(min(seen, len(bench.test))))
        loader = MemoryLoader(tests, bench.pipeline, device)
        tested = _seconds(lambda: answers(training.tested, loader, bench.pipeline))
        generator, few = torch.Generator().manual_seed(0), min(batch, _FEW[-1])
        images, _ = next(bench.first(few).plain(few))
        first = [method.at(0, bench.settings.epochs) for method in methods]
        augment = [
            _seconds(lambda a=a: a(images, generator)) / few  # type: ignore[misc]
            for a in first
        ]
    return [start, image, tested / len(tests), *augment]


def _seconds(work: Callable[[], object]) -> float:
    """The median time of a piece of work, after once to warm up: other programs come and go."""
    work()
    times: list[float] = []
    while len(times) < _LEAST or (sum(times) < _ENOUGH and len(times) < _MOST):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return median(times)
