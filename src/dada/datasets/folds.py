"""Small disjoint parts of a set of images, to train on one and judge by all others."""

import warnings
from collections.abc import Sequence
from itertools import islice

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from dada.datasets.copies import first_of_each, with_copies
from dada.datasets.splits import AnyImages
from dada.datasets.strata import array, class_sizes, divisible, require, strata_of
from dada.errors import UserError


def folds(
    images: AnyImages, count: int, size: int, seed: int = 0, classes: Sequence[str] | None = None
) -> list[tuple[AnyImages, AnyImages]]:
    """Disjoint small parts that keep the proportions of the classes, each with all images outside.

    These are test and training parts of ``StratifiedKFold(shuffle=True, random_state=seed)`` with
    as many splits as parts of `size` images there are, the first `count` of them. Exact copies
    stay on the same side.

    Args:
        count: number of parts.
        size: images of each, about; fewer if there are not `count` times as many.
        classes: class names for error messages; by default, the labels themselves.

    Returns:
        `count` pairs: the images of the part, and all others.

    Raises:
        UserError: fewer than two classes have two images or more, or no class has `count`.

    Examples:
        >>> from dada.datasets import load
        >>> digits = load("digits").train
        >>> [(len(part), len(rest)) for part, rest in folds(digits, count=2, size=100)]
        [(103, 1334), (103, 1334)]
    """
    labels, first = array(images.labels), first_of_each(images.contents())
    one_each = np.unique(first)
    if not divisible(labels[one_each], 2):  # too few different images: let copies be split
        first = np.arange(len(labels))
        one_each = first
    kinds = labels[one_each]
    if not divisible(kinds, 2):
        require(kinds, 2, "splitting images into folds", classes)
    strata, largest = strata_of(kinds), class_sizes(kinds).max()
    if count > largest:
        raise UserError(f"{count} folds: the largest class has {largest} different images")
    splits = min(max(2, count, len(kinds) // size), largest)
    kind = KFold if strata is None else StratifiedKFold
    cutter = kind(splits, shuffle=True, random_state=seed)

    def subset(rows: np.ndarray) -> AnyImages:
        return images.subset(with_copies(one_each[rows], first))

    with warnings.catch_warnings():
        # A class with fewer images than there are parts is in some of them.
        warnings.filterwarnings("ignore", "The least populated class")
        parts = list(islice(cutter.split(kinds, strata), count))
    return [(subset(part), subset(rest)) for rest, part in parts]
