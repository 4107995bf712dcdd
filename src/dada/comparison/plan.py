"""Fit a comparison into a time budget: which network, how many images, epochs, rows and seeds.

What the user set stays. The rest gives way in the order in which it costs least of the answer:

1. epochs, down to half: the benefit of augmentation appears late in a training, so no fewer yet;
2. training images, down to 1,000 (300 for pre-trained networks) or 20 per class: what helps on a
   part of the images may help less on all of them, which the user is told;
3. resolution and network: the usual network of small images, then the task's proxy, with which
   searches make their trials. Each is rehearsed before its pace is believed;
4. rows, from the end of `by_interest`; the policies, the baseline and the uniform policy stay;
5. images once more, down to 200 or 20 per class, and epochs, down to a quarter.

There are three seeds, below which a difference cannot be told from chance, and more where all else
fits as it is and the user gave a budget. Test images are the cheapest certainty there is, so they
give way only where testing would take more than a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from dada.comparison.bench import Bench
from dada.comparison.pace import Pace
from dada.comparison.size import Limits, Size, largest
from dada.datasets import Dataset, at_most
from dada.report.gaps import FEWEST_SEEDS
from dada.searching.shrink import shrunk
from dada.training.settings import TrainSettings

_MOST_SEEDS = 20


@dataclass(frozen=True)
class Plan:
    """What was chosen for the user; None leaves a setting as it is.

    Attributes:
        settings: by name, of model, epochs and images.
        pixels: longest side of the images, at most.
        tests: number of test images.
        rows: names of the rows that are left.
        seeds: number of seeds.
    """

    settings: dict[str, Any]
    seeds: int
    pixels: int | None = None
    tests: int | None = None
    rows: tuple[str, ...] | None = None

    def applied(self, asked: TrainSettings, dataset: Dataset) -> tuple[TrainSettings, Dataset]:
        """The settings and the data of the comparison."""
        train, test = dataset.train, dataset.test
        if self.tests is not None:
            test = test.subset(at_most(test.labels, self.tests))
        if self.pixels is not None:
            train, test = shrunk(train, self.pixels), shrunk(test, self.pixels)
        settings = asked.model_copy(update=self.settings)
        return settings, replace(dataset, train=train, test=test)

    def without(self, fixed: Collection[str]) -> Plan:
        """The same without these settings, which were given again."""
        return replace(self, settings={n: v for n, v in self.settings.items() if n not in fixed})

    @property
    def leaves_all(self) -> bool:
        """Whether nothing is changed but the number of seeds."""
        return not self.settings and self.pixels is self.tests is self.rows is None

    def as_json(self) -> dict[str, Any]:
        """Plain data, from which `from_json` makes it again."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """The plan of a run's config."""
        rows = data["rows"]
        return cls(**{**data, "rows": None if rows is None else tuple(rows)})


class Rehearsed(NamedTuple):
    """A bench, the names of its rows by interest, and its pace."""

    bench: Bench
    rows: Sequence[str]
    pace: Pace


class Allowed(NamedTuple):
    """What may be chosen.

    Attributes:
        free: the settings that may change: model, pixels, epochs, images, rows.
        essential: number of rows that stay.
        seeds: as the user set them; None chooses.
        more_seeds: whether there may be more of them than are needed.
    """

    free: frozenset[str]
    essential: int
    seeds: int | None
    more_seeds: bool


def fitted(
    rehearse: Callable[[str | None, int | None], Rehearsed],
    left: Callable[[], float],
    allowed: Allowed,
) -> tuple[Plan, Size, Bench]:
    """The plan that fits, the size of the comparison, and its bench.

    Args:
        rehearse: rehearses a network (None is the usual one) on images of at most so many pixels.
        left: seconds that there are for trainings; rehearsals use them up, too.
    """
    first = rehearse(None, None)
    tries = [(None, None), *smaller(first.bench, allowed.free)]
    for number, (model, pixels) in enumerate(tries):
        bench, rows, pace = rehearse(model, pixels) if number else first
        seconds = left()
        last = number + 1 == len(tries)
        fewest = allowed.essential if last and "rows" in allowed.free else len(rows)
        limits, tests = Limits.of(bench, allowed.free), len(bench.dataset.test)
        seeds = FEWEST_SEEDS if allowed.seeds is None else allowed.seeds
        for kept in range(len(rows), fewest - 1, -1):
            size = largest(pace, limits, rows[:kept], seeds, tests, seconds)
            if size.fits:
                break
        if size.fits:
            break
    chosen = {"model": model, "images": size.images, "epochs": size.epochs}
    before = {
        "model": None,
        "images": len(first.bench.images),
        "epochs": first.bench.settings.epochs,
    }
    plan = Plan(
        settings={name: value for name, value in chosen.items() if value != before[name]},
        seeds=size.seeds,
        pixels=pixels,
        tests=size.tests if size.tests < tests else None,
        rows=size.rows if len(size.rows) < len(rows) else None,
    )
    if plan.leaves_all and allowed.seeds is None and allowed.more_seeds:
        size = _with_more_seeds(size, pace, seconds)
    return replace(plan, seeds=size.seeds), size, bench


def smaller(bench: Bench, free: frozenset[str]) -> Iterator[tuple[str, int | None]]:
    """Cheaper networks, by name, and the longest side of their images; None is as it is."""
    usual, task = bench.settings, bench.dataset.task
    if "model" not in free or usual.weights or usual.backbone:
        return
    fewest = task.fewest_pixels
    small = fewest if "pixels" in free and max(bench.dataset.side) > fewest else None
    if small:
        yield task.network(small, bench.device.type == "cuda"), small
    if usual.model != task.proxy:
        yield task.proxy, small


def _with_more_seeds(size: Size, pace: Pace, seconds: float) -> Size:
    """The same with as many seeds as there is time for."""
    views = size.epochs * size.images
    for seeds in range(size.seeds + 1, _MOST_SEEDS + 1):
        took = pace.comparison(size.rows, seeds, views, size.tests)
        if took > seconds:
            break
        size = replace(size, seeds=seeds, seconds=took)
    return size
