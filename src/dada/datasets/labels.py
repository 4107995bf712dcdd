"""Labels of any values, numbered from 0; one-hot labels told from several labels."""

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
    """Labels (N,) where they are one-hot, and a note that says so; else what was given.

    One 1 in every row is how frameworks write *one* label. A set of several labels per image in
    which every image has exactly one is that, too.

    Args:
        train, test: (N,); or (N, L) of 0 and 1.
    """
    if not one_hot(*(labels for labels in (train, test) if labels is not None)):
        return train, test, ()
    note = f"labels are one-hot: read as one of {train.shape[1]} classes per image"
    return train.argmax(1), None if test is None else test.argmax(1), (note,)


def numbered(where: str, train: np.ndarray, test: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """The different training labels in their order, and each part's labels as indices into them.

    Args:
        where: what error messages begin with.
        train, test: (N,), of numbers or text.

    Returns:
        The values that stand for the classes, (K,), the training labels and, where there is a
        test set, its labels: int64 in [0, K).

    Raises:
        UserError: there is one class only, or a test label is not among the training labels.
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
    """Test labels as the training set numbers its classes.

    Args:
        where: what error messages begin with.
        labels: (N,), places in `names`; or (N, L), a column for each.
        names: of the test set's classes; without names, or with labels that go beyond them, labels
            stay as they are.
        known: of the training set's classes.

    Raises:
        UserError: a test label has a name that is not a training class's.
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
    """A note where numbers that name classes are not 0, 1, …; else none."""
    if values.dtype.kind in "US" or np.array_equal(values, np.arange(len(values))):
        return ()
    return (f"labels {few(values)} are numbered from 0 to {len(values) - 1}",)


def few(values: np.ndarray | Sequence[object]) -> str:
    """The first five, for a message."""
    return ", ".join(str(value) for value in values[:5]) + (", ..." if len(values) > 5 else "")
