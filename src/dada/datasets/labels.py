"""Number labels of any values from 0, and tell one-hot labels from several labels."""

from collections.abc import Mapping, Sequence

import numpy as np

from dada.errors import UserError, listed


def one_hot(*parts: np.ndarray) -> bool:
    """Whether labels (N, L) of 0 and 1 name one class per image, in every part of the data."""
    several = [labels for labels in parts if labels.ndim == 2]
    return len(several) == len(parts) and all((labels.sum(1) == 1).all() for labels in several)


def single(
    labels: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Turn one-hot labels into (N,), with a note that says so; return others unchanged.

    Exactly one 1 in every row is how frameworks write *one* label, so data with several labels per
    image in which every image happens to have exactly one are read this way, too.

    Args:
        labels: those of each part of the data, (N,); or (N, L) of 0 and 1.

    Examples:
        >>> import numpy as np
        >>> single({"train": np.array([[0, 1], [1, 0]])})
        ({'train': array([1, 0])}, ('labels are one-hot: read as one of 2 classes per image',))
    """
    if not one_hot(*labels.values()):
        return dict(labels), ()
    note = f"labels are one-hot: read as one of {labels['train'].shape[1]} classes per image"
    return {part: values.argmax(1) for part, values in labels.items()}, (note,)


def numbered(
    where: str, labels: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The sorted values of the training labels, and each part's labels as indices into them.

    Args:
        where: the start of error messages.
        labels: those of ``train`` and of other parts, (N,), of numbers or text.

    Returns:
        The values that name the classes, (K,), and the labels of each part: int64 in [0, K).

    Raises:
        UserError: there is only one class, or a label of another part is not among the training
            labels.

    Examples:
        >>> import numpy as np
        >>> numbered("pets", {"train": np.array(["dog", "cat", "dog"])})
        (array(['cat', 'dog'], dtype='<U3'), {'train': array([1, 0, 1])})
    """
    values = np.unique(labels["train"])
    if len(values) < 2:
        raise UserError(f"{where}: one class only ({values[0]}): at least two are needed")
    for part, given in labels.items():
        if len(unknown := np.setdiff1d(given, values)):
            raise UserError(
                f"{where}: {part} labels {few(unknown)} are missing from the training labels "
                f"({few(values)})"
            )
    return values, {part: np.searchsorted(values, given) for part, given in labels.items()}


def by_name(
    where: str,
    labels: np.ndarray,
    names: Sequence[str],
    known: Sequence[str],
    part: str = "test",
) -> np.ndarray:
    """Renumber the labels of another part to match the numbering of the training classes.

    Args:
        where: the start of error messages.
        labels: (N,), indices into `names`; or (N, L), one column per name.
        names: names of the part's classes; if there are none, or too few for the labels, the labels
            are returned unchanged.
        known: names of the training classes.
        part: which part it is, for error messages.

    Raises:
        UserError: a class of the part is not among the training classes.

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
            f"{where}: {part} classes {listed(unknown)} are missing from the training classes "
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
