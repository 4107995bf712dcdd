"""Number labels of any values from 0, and tell one-hot labels from several labels."""

from collections.abc import Sequence

import numpy as np

from dada.errors import UserError, listed


def one_hot(*parts: np.ndarray) -> bool:
    """Whether labels (N, L) of 0 and 1 name one class per image, in every part of the data."""
    several = [labels for labels in parts if labels.ndim == 2]
    return len(several) == len(parts) and all((labels.sum(1) == 1).all() for labels in several)


def single(
    train: np.ndarray, test: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """Turn one-hot labels into (N,), with a note that says so; return others unchanged.

    Exactly one 1 in every row is how frameworks write *one* label, so data with several labels per
    image in which every image happens to have exactly one are read this way, too.

    Args:
        train, test: (N,); or (N, L) of 0 and 1.

    Examples:
        >>> import numpy as np
        >>> single(np.array([[0, 1], [1, 0]]), None)
        (array([1, 0]), None, ('labels are one-hot: read as one of 2 classes per image',))
    """
    if not one_hot(*(labels for labels in (train, test) if labels is not None)):
        return train, test, ()
    note = f"labels are one-hot: read as one of {train.shape[1]} classes per image"
    return train.argmax(1), None if test is None else test.argmax(1), (note,)


def numbered(where: str, train: np.ndarray, test: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """The sorted values of the training labels, and each part's labels as indices into them.

    Args:
        where: the start of error messages.
        train, test: (N,), of numbers or text.

    Returns:
        The values that name the classes, (K,), the training labels and, if there is a test set, its
        labels: int64 in [0, K).

    Raises:
        UserError: there is only one class, or a test label is not among the training labels.

    Examples:
        >>> import numpy as np
        >>> numbered("pets", np.array(["dog", "cat", "dog"]), None)
        (array(['cat', 'dog'], dtype='<U3'), array([1, 0, 1]))
    """
    values, numbers = np.unique(train, return_inverse=True)
    if len(values) < 2:
        raise UserError(f"{where}: one class only ({values[0]}): at least two are needed")
    if test is None:
        return values, numbers
    if len(unknown := np.setdiff1d(test, values)):
        raise UserError(
            f"{where}: test labels {few(unknown)} are missing from the training labels "
            f"({few(values)})"
        )
    return values, numbers, np.searchsorted(values, test)


def by_name(
    where: str, labels: np.ndarray, names: Sequence[str], known: Sequence[str]
) -> np.ndarray:
    """Renumber test labels to match the numbering of the training classes.

    Args:
        where: the start of error messages.
        labels: (N,), indices into `names`; or (N, L), one column per name.
        names: names of the test classes; if there are none, or too few for the labels, the labels
            are returned unchanged.
        known: names of the training classes.

    Raises:
        UserError: a test class is not among the training classes.

    Examples:
        >>> import numpy as np
        >>> by_name("pets", np.array([0, 1]), names=("dog", "cat"), known=("cat", "dog"))
        array([1, 0])
    """
    several = labels.ndim == 2
    width = labels.shape[1] if several else labels.max(initial=-1) + 1
    unnamed = width != len(names) if several else width > len(names)
    if unnamed or not known or tuple(names) == tuple(known):
        return labels
    used = range(len(names)) if several else np.unique(labels).tolist()
    if unknown := [names[label] for label in used if names[label] not in known]:
        raise UserError(
            f"{where}: test classes {listed(unknown)} are missing from the training classes "
            f"({listed(known)})"
        )
    places = np.array([known.index(name) if name in known else -1 for name in names], np.int64)
    if not several:
        return places[labels]
    moved = np.zeros((len(labels), len(known)), labels.dtype)
    moved[:, places] = labels
    return moved


def renumbering(values: np.ndarray) -> tuple[str, ...]:
    """A note if the numbers that name the classes are not 0, 1, …; otherwise none."""
    if values.dtype.kind in "US" or np.array_equal(values, np.arange(len(values))):
        return ()
    return (f"labels {few(values)} are numbered from 0 to {len(values) - 1}",)


def few(values: np.ndarray | Sequence[object]) -> str:
    """The first five values, for a message."""
    return ", ".join(str(value) for value in values[:5]) + (", ..." if len(values) > 5 else "")
