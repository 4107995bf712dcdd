"""The classes whose shares a split keeps, and how many images each has."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dada.errors import UserError
from dada.tasks import task_of
from dada.tasks.packed import PackedMaps

Labels = Sequence[int] | np.ndarray | Tensor | PackedMaps
"""One label per image, (N,), one row of them, (N, L), boxes or a map."""


def divisible(labels: np.ndarray, least: int) -> bool:
    """Whether two classes have at least this many images, as a split by class needs."""
    if strata_of(labels) is None:
        return len(labels) >= least
    return len(np.unique(labels[class_sizes(labels) >= least])) > 1


def alone(labels: np.ndarray) -> np.ndarray:
    """(N,) bool: whether the image is the only one of its class."""
    return class_sizes(labels) == 1


def class_sizes(labels: np.ndarray) -> np.ndarray:
    """(N,): for each image, the number of images in its class, or of all if there are no strata."""
    strata = strata_of(labels)
    if strata is None:
        return np.full(len(labels), len(labels))
    _, which, counts = np.unique(strata, return_inverse=True, return_counts=True)
    return counts[which]


def counted(labels: np.ndarray, classes: Sequence[str] | None) -> str:
    """``'ant' has 1, 'bee' has 2``, for at most five classes."""
    found = [
        f"'{classes[value] if classes else value}' has {count}"
        for value, count in zip(*np.unique(labels, return_counts=True), strict=True)
    ]
    more = f" and {len(found) - 5} more classes" if len(found) > 5 else ""
    return ", ".join(found[:5]) + more


def strata_of(labels: np.ndarray) -> np.ndarray | None:
    """(N,): the classes whose shares a split keeps; None if it is random."""
    return task_of(labels).strata(labels)


def array(labels: Labels) -> np.ndarray:
    """The labels as an array, boxes and maps without their contents: no split looks at these."""
    if isinstance(labels, PackedMaps):
        return np.empty((len(labels), 0, labels.shape[2]), labels[[]].numpy().dtype)
    found = labels.cpu().numpy() if isinstance(labels, torch.Tensor) else np.asarray(labels)
    return found[:, :0] if found.ndim == 3 else found


def require(labels: np.ndarray, need: int, task: str, classes: Sequence[str] | None) -> None:
    """Raise UserError naming the classes that have fewer than ``need`` images.

    A split without strata needs no more than images.
    """
    if strata_of(labels) is None and len(labels):
        return
    values, counts = np.unique(labels, return_counts=True)
    few = np.isin(labels, values[counts < need])
    if few.any() or not len(values):
        found = counted(labels[few], classes) if len(values) else "there are none"
        raise UserError(
            f"{task} needs at least {need} images of each class: {found}; add images, "
            "or leave the class out"
        )
