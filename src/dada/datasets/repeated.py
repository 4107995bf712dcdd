"""The same share of a set of images held out several times, each time at random."""

from collections.abc import Sequence

import numpy as np

from dada.datasets.copies import first_of_each, with_copies
from dada.datasets.splits import AnyImages, shuffled
from dada.datasets.strata import alone, array, divisible, require


def hold_out_repeatedly(
    images: AnyImages,
    count: int,
    fraction: float,
    seed: int = 0,
    classes: Sequence[str] | None = None,
) -> list[tuple[AnyImages, AnyImages]]:
    """Hold out a share of every class, again and again: held-out parts overlap by chance.

    These are the splits of
    ``StratifiedShuffleSplit(n_splits=count, test_size=fraction, random_state=seed)``. Exact copies
    stay on the same side, and the only image of a class is never held out.

    Args:
        count: number of splits.
        fraction: share to hold out, above 0 and below 1.
        classes: class names for error messages; by default, the labels themselves.

    Returns:
        `count` pairs: the images left to train on, and those held out.

    Raises:
        UserError: fewer than two classes have two images, or either side has too few images to
            hold each class.

    Examples:
        >>> from dada.datasets import load
        >>> digits = load("digits").train
        >>> [(len(train), len(held)) for train, held in hold_out_repeatedly(digits, 2, 0.4)]
        [(862, 575), (862, 575)]
    """
    labels, first = array(images.labels), first_of_each(images.contents())
    one_each = np.unique(first)
    if not divisible(labels[one_each], 2):  # too few different images: let copies be split
        first = np.arange(len(labels))
        one_each = first
    single = alone(labels[one_each])
    if not divisible(labels[one_each[~single]], 2):
        single[:] = False  # then the error names the classes
    rest, only = one_each[~single], one_each[single]
    require(labels[rest], 2, f"holding out {100 * fraction:g} % of the images", classes)
    return [
        (
            images.subset(with_copies(np.concatenate([rest[train], only]), first)),
            images.subset(with_copies(rest[held], first)),
        )
        for train, held in shuffled(labels[rest], count, fraction, seed)
    ]
