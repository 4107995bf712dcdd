"""Counts of batches, and recall, precision and F1 from them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from torch import Tensor


def added(tallies: Sequence[Tensor]) -> Tensor:
    """The sum of the batches' tallies, in their order."""
    return reduce(add, tallies)


def counted(hits: Tensor, *, of: Tensor, answered: Tensor) -> dict[str, list[Any]]:
    """Recall, precision and F1 of each class, None where there is nothing to divide by.

    Args:
        hits: right answers per class.
        of: images per class.
        answered: how often each class was the answer.

    Examples:
        >>> import torch
        >>> hits, images, answers = torch.tensor([[3, 0], [4, 0], [6, 1]])
        >>> found = counted(hits, of=images, answered=answers)
        >>> found["recall"], found["precision"], found["f1"]
        ([0.75, None], [0.5, 0.0], [0.6, 0.0])
    """
    return {
        "images": of.tolist(),
        "recall": _shares(hits, of),
        "precision": _shares(hits, answered),
        "f1": _shares(2 * hits, of + answered),
    }


def _shares(some: Tensor, of: Tensor) -> list[float | None]:
    pairs = zip(some.tolist(), of.tolist(), strict=True)
    return [part / whole if whole else None for part, whole in pairs]
