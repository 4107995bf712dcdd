"""Which images searches see, which are trained on afterwards, and which judge."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from sklearn.model_selection import StratifiedKFold

from dada.datasets import Dataset, ImageSet, reduced

_JUDGES = 5000


@dataclass(frozen=True)
class Parts:
    """Disjoint parts of the training images, each with all classes.

    Attributes:
        searches: what each search sees.
        fresh: sets to train on afterwards.
        judges: images that judge the reference of effects; the test images, where there are few.
        test: what test errors are measured on.
        apart: whether no image of any search is in any fresh set. If there are too few images for
            that, there are two parts, and what was searched on one is trained on the other.
    """

    searches: list[Dataset]
    fresh: list[ImageSet]
    judges: ImageSet
    test: ImageSet
    apart: bool

    def eligible(self, number: int) -> list[int]:
        """The searches whose policies may be trained on a fresh set: none saw any of its images."""
        half = number % 2
        return [s for s in range(len(self.searches)) if self.apart or s % 2 != half]

    def in_words(self) -> str:
        """How many images each part has."""
        return (
            f"{len(self.searches[0].train)} images per search, {len(self.fresh[0])} per training, "
            f"{len(self.test)} test images"
            + ("" if self.apart else "; two halves of the images take both parts in turn")
        )


def parts_of(
    dataset: Dataset, searches: int, search_images: int, sets: int, set_images: int
) -> Parts:
    """Cut a data set for the yardsticks.

    Args:
        searches: number of searches.
        search_images, set_images: images of each search, and of each set; whole multiples.
        sets: number of fresh sets.
    """
    train = dataset.train
    per_search = max(1, search_images // set_images)
    needed = searches * per_search + sets + -(-_JUDGES // set_images)
    if len(train) // set_images < needed:
        return _halves(dataset, searches, sets)
    blocks = _blocks(train, len(train) // set_images)
    seen = [np.concatenate(blocks[per_search * s : per_search * (s + 1)]) for s in range(searches)]
    start = searches * per_search
    judges = np.concatenate(blocks[start + sets :])[:_JUDGES]
    return Parts(
        searches=[_alone(dataset, train.subset(rows)) for rows in seen],
        fresh=[train.subset(rows) for rows in blocks[start : start + sets]],
        judges=train.subset(judges),
        test=dataset.test,
        apart=True,
    )


def _halves(dataset: Dataset, searches: int, sets: int) -> Parts:
    if searches % 2 or sets % 2:
        raise SystemExit(
            f"{len(dataset.train)} images are too few to keep every search and every set apart; "
            "with an even number of both, two halves take both parts in turn"
        )
    halves = [dataset.train.subset(rows) for rows in _blocks(dataset.train, 2)]
    return Parts(
        searches=[_alone(dataset, halves[s % 2]) for s in range(searches)],
        fresh=[halves[number % 2] for number in range(sets)],
        judges=dataset.test,
        test=dataset.test,
        apart=False,
    )


def _blocks(images: ImageSet, count: int) -> list[np.ndarray]:
    """Disjoint rows that keep the proportions of the classes."""
    cutter = StratifiedKFold(count, shuffle=True, random_state=0)
    return [rows for _, rows in cutter.split(np.zeros(len(images)), images.labels.numpy())]


def _alone(dataset: Dataset, train: ImageSet) -> Dataset:
    """A data set of these training images, with test images from among them: a search uses none."""
    few = reduced(train.labels, max(2 * len(dataset.classes), 20))
    return replace(dataset, train=train, test=train.subset(few), files=None, notes=())
