"""Reduced sets, their halves and held-out test sets: scikit-learn's stratified splits.

The splitter, arguments and seed are those of the published code, and so are the indices, except
for the reduced ImageNet (`dada.datasets.imagenet`).
"""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol, Self, TypeVar

import numpy as np
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from dada.datasets.copies import copies_in_words, first_of_each, with_copies
from dada.datasets.strata import (
    Labels,
    alone,
    array,
    class_sizes,
    counted,
    divisible,
    require,
    strata_of,
)
from dada.errors import UserError
from dada.tasks.task import AllLabels

PAPER_REDUCED = {"cifar10": 4000, "cifar100": 4000, "svhn": 1000, "imagenet": 6000}
"""Images in the paper's reduced sets, by dataset."""

_LEAST = 5  # images in a class from which a fifth can be held out


class Labelled(Protocol):
    """What a split needs to know about images, in memory or in files."""

    @property
    def labels(self) -> AllLabels:
        """As the task has them, N of them (`dada.tasks`)."""

    def __len__(self) -> int: ...

    def subset(self, indices: np.ndarray, /) -> Self:
        """Return the images at ``indices``."""

    def contents(self) -> Sequence[object]:
        """N hashable values, equal if two images are the same byte for byte."""


AnyImages = TypeVar("AnyImages", bound=Labelled)


def reduced(
    labels: Labels, size: int, seed: int = 0, classes: Sequence[str] | None = None
) -> np.ndarray:
    """Choose ``size`` images, keeping the proportions of the classes.

    These are the training indices of
    ``StratifiedShuffleSplit(n_splits=1, test_size=total - size, random_state=seed)``. The only
    image of a class cannot be split off: it is always chosen.

    Args:
        labels: the label of every image, (N,).
        size: how many to choose; N or more chooses all, in order.
        seed: for the split.
        classes: class names for error messages; by default, the labels themselves.

    Returns:
        Indices, shuffled: ``size`` of them, or fewer where too few would be left over to keep the
        class shares (`size_with_shares`).

    Raises:
        UserError: ``size`` is smaller than the number of classes.

    Examples:
        >>> import numpy as np
        >>> labels = np.array([0] * 80 + [1] * 20)
        >>> np.bincount(labels[reduced(labels, size=10)]).tolist()
        [8, 2]
    """
    labels = array(labels)
    total, kinds = len(labels), len(np.unique(labels))
    if size >= total:
        return np.arange(total)
    if strata_of(labels) is None:
        return _split(labels, 1, total - size, seed)[0]
    single, size = alone(labels), size_with_shares(labels, size)
    if size < kinds:
        raise UserError(
            f"a reduced set of {size} of {total} images in {kinds} classes cannot keep the class "
            f"shares: must be at least {kinds}"
        )
    rest = np.flatnonzero(~single)
    chosen = rest[_split(labels[rest], 1, total - size, seed)[0]]
    return np.concatenate([chosen, np.flatnonzero(single)])


def size_with_shares(labels: Labels, size: int) -> int:
    """How many images `reduced` chooses: those left over are split by class, too, so that there is
    one of each, of classes with more than one image.

    Args:
        labels: the label of every image, (N,), or (N, L).
        size: how many to choose.

    Examples:
        >>> import numpy as np
        >>> labels = np.arange(4003) % 10
        >>> [size_with_shares(labels, size) for size in (3000, 4000, 4003, 5000)]
        [3000, 3993, 4003, 4003]
    """
    labels = array(labels)
    strata = strata_of(labels)
    if strata is None or size >= len(labels):
        return min(size, len(labels))
    left_over = len(np.unique(strata)) - int(alone(labels).sum())
    return min(size, len(labels) - left_over)


def at_most(labels: Labels, most: int, seed: int = 0) -> np.ndarray:
    """Choose at most so many images, as `reduced` does where it can.

    Where there are too few images to keep the class shares, the choice is random.

    Args:
        labels: the label of every image, (N,), or (N, L).
        most: how many to choose; N or more chooses all, in order.
        seed: for the choice.

    Returns:
        Indices, ``most`` of them, or fewer where too few would be left over to keep the shares.

    Examples:
        >>> import numpy as np
        >>> labels = np.array([0] * 80 + [1] * 20)
        >>> [len(at_most(labels, most)) for most in (1, 10, 99, 500)]
        [1, 10, 98, 100]
    """
    labels = array(labels)
    if most >= len(labels):
        return np.arange(len(labels))
    strata = strata_of(labels)
    kinds = 1 if strata is None else len(np.unique(strata))
    size = min(most, len(labels) - kinds)  # the images left over are split by class, too
    if size < kinds:
        return np.random.default_rng(seed).permutation(len(labels))[:most]
    return reduced(labels, size, seed)


def halves(
    labels: Labels, seed: int = 0, classes: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Split images into a training and a validation half, keeping the proportions of the classes.

    This is the first split of
    ``StratifiedShuffleSplit(n_splits=5, test_size=0.5, random_state=seed)``. The only image of a
    class goes to the training half.

    Args:
        labels: the label of every image, (N,).
        seed: for the split.
        classes: class names for error messages; by default, the labels themselves.

    Returns:
        Training indices and validation indices, each shuffled: ⌊N/2⌋ and ⌈N/2⌉ of the N images
        whose class has at least two.

    Raises:
        UserError: fewer than two classes have at least two images.

    Examples:
        >>> import numpy as np
        >>> labels = np.array([0] * 80 + [1] * 20)
        >>> [np.bincount(labels[half]).tolist() for half in halves(labels)]
        [[40, 10], [40, 10]]
    """
    labels = array(labels)
    single = alone(labels)
    if len(np.unique(labels[~single])) < 2:
        single[:] = False  # then the error names the classes
    rest = np.flatnonzero(~single)
    require(labels[rest], 2, "splitting images into a training and a validation half", classes)
    train, valid = _split(labels[rest], 5, 0.5, seed)
    return np.concatenate([rest[train], np.flatnonzero(single)]), rest[valid]


def halve(images: AnyImages, classes: Sequence[str] | None = None) -> tuple[AnyImages, AnyImages]:
    """Split images by `halves`, with exact copies on the same side.

    Raises:
        UserError: as in `halves`.
    """
    labels, first = array(images.labels), first_of_each(images.contents())
    one_each = np.unique(first)
    if not divisible(labels[one_each], 2):  # too few different images: let copies be split
        first = np.arange(len(labels))
        one_each = first
    train, valid = (one_each[part] for part in halves(labels[one_each], classes=classes))
    return images.subset(with_copies(train, first)), images.subset(with_copies(valid, first))


def hold_out(
    labels: Labels, fraction: float = 0.2, seed: int = 0, classes: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Hold out a share of every class as a test set.

    ``StratifiedShuffleSplit(n_splits=1, test_size=fraction, random_state=seed)``.

    Args:
        labels: the label of every image, (N,).
        fraction: share to hold out, above 0 and at most 0.5.
        seed: for the split.
        classes: class names for error messages; by default, the labels themselves.

    Returns:
        Training indices and test indices, each shuffled; every class is in both. With the default
        of 0.2, the training images can be split by `halves`.

    Raises:
        UserError: a class has fewer than ⌈1 / fraction⌉ images (5 by default), the smallest number
            that guarantees every class a test image, whatever the other classes' counts.

    Examples:
        >>> import numpy as np
        >>> labels = np.array([0] * 80 + [1] * 20)
        >>> train, test = hold_out(labels)
        >>> np.bincount(labels[train]).tolist(), np.bincount(labels[test]).tolist()
        ([64, 16], [16, 4])
    """
    if not 0 < fraction <= 0.5:
        raise UserError(f"held-out share {fraction}: must be above 0 and at most 0.5")
    labels = array(labels)
    task = f"holding out {100 * fraction:g} % of the images as a test set"
    require(labels, math.ceil(1 / fraction), task, classes)
    return _split(labels, 1, fraction, seed)


def split_off_test_set(
    name: str, images: AnyImages, classes: Sequence[str]
) -> tuple[AnyImages, AnyImages, tuple[str, ...]]:
    """Hold out a test set, by `hold_out`, from data that came without one.

    A class too small for that keeps all of its images for training, as long as two other classes
    are large enough. Exact copies of an image count as one image and stay on its side.

    Args:
        name: of the data, for the error message.
        images: all images.
        classes: the name of each label.

    Returns:
        The images left to train on, the test images, and notes on what was done.

    Raises:
        UserError: too many classes have too few images.
    """
    labels, first = array(images.labels), first_of_each(images.contents())
    notes = copies_in_words(first)
    if not divisible(labels[np.unique(first)], _LEAST):
        first = np.arange(len(labels))
        notes = tuple(f"{note.partition(':')[0]}, on both sides of the split" for note in notes)
    one_each = np.unique(first)
    small = class_sizes(labels[one_each]) < _LEAST
    if len(np.unique(labels[one_each][~small])) < 2:
        small[:] = False  # then the error names the classes
    rest = one_each[~small]
    try:
        kept, held = hold_out(labels[rest], classes=classes)
    except UserError as error:
        raise UserError(f"{name}: no test images found, and {error}") from error
    kept = with_copies(np.concatenate([rest[kept], one_each[small]]), first)
    held = with_copies(rest[held], first)
    chosen = "at random" if strata_of(labels) is None else "per class"
    note = (
        f"no test images found: 20 % of the images, chosen {chosen}, are held out as the "
        f"test set ({len(held)} of {len(images)})"
    )
    if small.any():
        found = counted(labels[one_each][small], classes)
        note += f"; none from classes with fewer than {_LEAST} images: {found}"
    return images.subset(kept), images.subset(held), (note, *notes)


def _split(
    labels: np.ndarray, n_splits: int, test_size: float | int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    return next(shuffled(labels, n_splits, test_size, seed))


def shuffled(
    labels: np.ndarray, n_splits: int, test_size: float | int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The indices of ``StratifiedShuffleSplit``, or ``ShuffleSplit`` where there are no strata.

    Raises:
        UserError: it refuses to split.
    """
    if len(labels) < 2:
        raise UserError(f"there is {len(labels)} to split: at least 2 are needed")
    strata = strata_of(labels)
    kind = ShuffleSplit if strata is None else StratifiedShuffleSplit
    splitter = kind(n_splits=n_splits, test_size=test_size, random_state=seed)
    try:
        yield from splitter.split(np.zeros(len(labels)), strata)
    except ValueError as error:
        raise UserError(f"the images cannot be split by class: {error}") from error
