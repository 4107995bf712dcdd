"""Exact copies among images: they must not be on both sides of a split."""

from collections.abc import Sequence

import numpy as np


def first_of_each(contents: Sequence[object]) -> np.ndarray:
    """(N,) int64: the index of the first image with the same content, which may be its own.

    Examples:
        >>> first_of_each(["cat", "dog", "cat"])
        array([0, 1, 0])
    """
    seen: dict[object, int] = {}
    return np.array([seen.setdefault(c, i) for i, c in enumerate(contents)], np.int64)


def with_copies(rows: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The rows, followed by the rows of their copies.

    Args:
        rows: indices of images, each the first with its content.
        first: the result of `first_of_each` for all images.

    Examples:
        >>> import numpy as np
        >>> with_copies(np.array([1, 0]), first_of_each(["cat", "dog", "cat"]))
        array([1, 0, 2])
    """
    copies = np.flatnonzero(first != np.arange(len(first)))
    return np.concatenate([rows, copies[np.isin(first[copies], rows)]])


def copies_in_words(first: np.ndarray) -> tuple[str, ...]:
    """A note if there are copies; otherwise none."""
    count = int((first != np.arange(len(first))).sum())
    if not count:
        return ()
    are = (
        "1 image is an exact copy of another" if count == 1 else f"{count} images are exact copies"
    )
    return (f"{are}: copies stay on the same side of every split",)


def copies_across(
    train: Sequence[object], others: Sequence[object], what: str = "test"
) -> tuple[str, ...]:
    """A note if some images of another part are also training images; otherwise none.

    Args:
        train, others: contents of the images, as for `first_of_each`.
        what: the other part.
    """
    count = sum(map(set(train).__contains__, others))
    if not count:
        return ()
    are = "is an exact copy" if count == 1 else "are exact copies"
    found = f"{count} of {len(others)} {what} images {are} of training images"
    return (f"{found}: errors look too low",)
