"""Which images searches see, which are trained on afterwards, and which judge.

The training images are cut once into blocks that keep the shares of the classes: first those of the
searches, then the fresh sets, then the judges of the reference of effects. More sets, later, leave
those before as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import StratifiedKFold

from dada.datasets import Dataset, ImageSet, at_most
from dada.errors import UserError

_AGAIN = ", and each set is one of them from another seed"


@dataclass(frozen=True)
class Sizes:
    """How many images each part has, and how many parts there are.

    Attributes:
        searches, search_images: searches, and images of each.
        sets, set_images: fresh sets, and images of each.
        judges: images that judge the reference of effects.
    """

    searches: int
    search_images: int
    sets: int
    set_images: int
    judges: int


@dataclass(frozen=True)
class Parts:
    """Parts of the images, each with all classes.

    Attributes:
        searches: what each search sees.
        fresh: sets to train on afterwards.
        judges: images that judge the reference of effects; the test images, where there are few.
        test: what test errors are measured on.
        apart: whether no image of any search is in any fresh set. If there are too few images for
            that, there are two parts, and what was searched on one is trained on the other.
        unseen: blocks that no search sees, from the end; none where there are two parts.
    """

    searches: list[Dataset]
    fresh: list[ImageSet]
    judges: ImageSet
    test: ImageSet
    apart: bool
    unseen: list[np.ndarray]

    def eligible(self, number: int) -> list[int]:
        """The searches that saw no image of a fresh set, whose policies it may be trained under."""
        return [s for s in range(len(self.searches)) if self.apart or s % 2 != number % 2]

    def groups(self, count: int) -> list[list[int]]:
        """Fresh sets 0, …, count − 1 in groups that have their eligible searches in common."""
        if self.apart:
            return [list(range(count))]
        return [list(range(part, count, 2)) for part in range(2)]

    def in_words(self) -> str:
        """How many images each part has."""
        return (
            f"{len(self.searches[0].train)} images per search, {len(self.fresh[0])} per training, "
            f"{len(self.test)} test images"
            + ("" if self.apart else f"; two halves of the images take both parts in turn{_AGAIN}")
        )


def parts_of(dataset: Dataset, sizes: Sizes) -> Parts:
    """Cut a data set for the yardsticks.

    Raises:
        UserError: images have several labels, or a size does not fit.
    """
    train, block = dataset.train, sizes.set_images
    if train.labels.ndim > 1:
        raise UserError("images with several labels: the yardsticks are for one label per image")
    if sizes.search_images % block or sizes.judges % block:
        raise UserError(f"sizes must be multiples of a fresh set's {block} images")
    per_search, judging = sizes.search_images // block, sizes.judges // block
    seen = sizes.searches * per_search
    if len(train) // block < seen + sizes.sets + judging:
        return _halves(dataset, sizes)
    blocks = _blocks(train, len(train) // block)
    of_search = [blocks[per_search * s : per_search * (s + 1)] for s in range(sizes.searches)]
    judges = blocks[seen + sizes.sets :][:judging]
    return Parts(
        searches=[_alone(dataset, subset(train, rows)) for rows in of_search],
        fresh=[train.subset(rows) for rows in blocks[seen : seen + sizes.sets]],
        judges=subset(train, judges),
        test=dataset.test,
        apart=True,
        unseen=blocks[seen:][::-1],
    )


def subset(images: ImageSet, blocks: Sequence[np.ndarray]) -> ImageSet:
    """The images of some blocks."""
    return images.subset(np.concatenate(blocks))


def _halves(dataset: Dataset, sizes: Sizes) -> Parts:
    if sizes.searches % 2 or sizes.sets % 2:
        raise UserError(
            f"{len(dataset.train)} images are too few to keep every search and every set apart; "
            "with an even number of both, two halves take both parts in turn"
        )
    halves = [dataset.train.subset(rows) for rows in _blocks(dataset.train, 2)]
    return Parts(
        searches=[_alone(dataset, halves[s % 2]) for s in range(sizes.searches)],
        fresh=[halves[number % 2] for number in range(sizes.sets)],
        judges=dataset.test,
        test=dataset.test,
        apart=False,
        unseen=[],
    )


def _blocks(images: ImageSet, count: int) -> list[np.ndarray]:
    """Disjoint rows that keep the shares of the classes, in an order that is always the same."""
    cutter = StratifiedKFold(count, shuffle=True, random_state=0)
    return [rows for _, rows in cutter.split(np.zeros(len(images)), images.labels.cpu().numpy())]


def _alone(dataset: Dataset, train: ImageSet) -> Dataset:
    """A data set of these training images, with test images from among them: a search uses none."""
    few = at_most(train.labels, max(2 * len(dataset.classes), 20))
    test = train.subset(few)
    return replace(dataset, train=train, test=test, validation=None, files=None, notes=())
