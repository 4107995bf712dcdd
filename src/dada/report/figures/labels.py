"""Which points are drawn, and where their labels are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

POINTS = 60
"""A longer history is thinned to this many points."""


def thinned(count: int, most: int = POINTS) -> np.ndarray:
    """Indices of at most `most` of `count` points, the first and the last among them.

    Examples:
        >>> thinned(9, 3).tolist()
        [0, 4, 8]
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def spread(places: Sequence[float], gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Move labels apart, as little as needed, so that neighbours are at least `gap` apart.

    They stay between `low` and `high` if they fit.

    Examples:
        >>> spread([1.0, 0.75], gap=0.5)
        [1.0, 0.5]
    """
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(order))
    wanted = np.array(places, dtype=float)[order] - steps
    # Labels that touch move as one block to the mean of their own places.
    blocks: list[tuple[float, int]] = []
    for place in wanted:
        block = (float(place), 1)
        while blocks and blocks[-1][0] >= block[0]:
            mean, size = blocks.pop()
            total = size + block[1]
            block = ((mean * size + block[0] * block[1]) / total, total)
        blocks.append(block)
    base = np.repeat([mean for mean, _ in blocks], [size for _, size in blocks])
    moved = base.clip(low, max(low, high - steps[-1])) + steps
    result = np.empty_like(moved)
    result[order] = moved
    return result.tolist()


def shortened(name: str, most: int = 34) -> str:
    """A long name truncated on the left: the end of a path says more.

    Examples:
        >>> shortened("policy runs/photos", most=10)
        '…ns/photos'
    """
    return name if len(name) <= most else "…" + name[1 - most :]
