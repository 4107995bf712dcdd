"""How large a comparison may be: epochs, images and test images that a given time is enough for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dada.comparison.bench import Bench
from dada.comparison.pace import Pace

_ENOUGH, _ENOUGH_PRETRAINED, _FEWEST = 1000, 300, 200  # training images
_PER_CLASS = 20
_TESTS = 1000  # test images that are kept, however long they take
_TESTING = 0.1  # of a training's time


@dataclass(frozen=True)
class Limits:
    """What one training may be.

    Attributes:
        epochs, images: the fewest, those that are enough, and the most.
        apart: images that a part of them leaves out at least, so that each class keeps its share.
    """

    epochs: tuple[int, int, int]
    images: tuple[int, int, int]
    apart: int = 0

    @classmethod
    def of(cls, bench: Bench, free: frozenset[str]) -> Limits:
        """Those of a training that is at most as large as the bench's.

        Args:
            free: the settings that may change.
        """
        images, epochs = len(bench.images), bench.settings.epochs
        classes = len(bench.dataset.classes)
        enough = max(
            _ENOUGH_PRETRAINED if bench.settings.weights else _ENOUGH, _PER_CLASS * classes
        )
        fewest = max(_FEWEST, _PER_CLASS * classes)
        of_epochs = (-(-epochs // 4), -(-epochs // 2)) if "epochs" in free else (epochs, epochs)
        of_images = (min(images, fewest), min(images, enough))
        if "images" not in free:
            of_images = (images, images)
        return cls((*of_epochs, epochs), (*of_images, images), classes)

    @property
    def views(self) -> int:
        """Training images that the network sees at most, repetitions included."""
        return self.epochs[2] * self.images[2]

    def sized(self, views: float) -> tuple[int, int]:
        """Epochs and images with which the network sees about so many training images.

        Examples:
            >>> limits = Limits(epochs=(15, 30, 60), images=(200, 1000, 2000))
            >>> [limits.sized(n) for n in (120_000, 80_000, 45_000, 15_000, 4_000, 0)]
            [(60, 2000), (40, 2000), (30, 1500), (30, 500), (20, 200), (15, 200)]
        """
        (fewest, half, epochs), (least, _, most) = self.epochs, self.images
        if views >= half * most:
            return min(epochs, int(views // most)), most
        if views >= half * least:
            return half, max(min(int(views // half), most - self.apart), min(least, most))
        return max(fewest, min(half, int(views // least))), least


@dataclass(frozen=True)
class Size:
    """The size of a comparison.

    Attributes:
        rows: their names.
        epochs, images, tests, seeds: of training and test images, the numbers.
        seconds: what it takes.
        fits: whether that is within its time, with no less than is enough.
    """

    rows: tuple[str, ...]
    epochs: int
    images: int
    tests: int
    seeds: int
    seconds: float
    fits: bool


def largest(
    pace: Pace, limits: Limits, rows: Sequence[str], seeds: int, tests: int, seconds: float
) -> Size:
    """The largest comparison of these rows that takes so long, or the smallest there is.

    Args:
        tests: number of test images; fewer only where training is shortened, and testing takes more
            than a tenth of it.
        seconds: the time.
    """

    def of(views: float) -> Size:
        epochs, images = limits.sized(views)
        seen, kept = epochs * images, tests
        if seen < limits.views:
            kept = min(tests, max(_TESTS, int(_TESTING * seen * pace.image / pace.test)))
        took = pace.comparison(rows, seeds, seen, kept)
        enough = epochs >= limits.epochs[1] and images >= limits.images[1]
        return Size(tuple(rows), epochs, images, kept, seeds, took, enough and took <= seconds)

    low, high = 0, limits.views
    if (whole := of(high)).seconds <= seconds:
        return whole
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if of(middle).seconds <= seconds else (low, middle)
    return of(low)
