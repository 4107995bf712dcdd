"""How long the epochs of a training take on this machine, from a rehearsal of a few."""

from __future__ import annotations

import time
from collections.abc import Callable

_REHEARSED = 3  # epochs that are timed


def rehearsed(train: Callable[[int], object]) -> tuple[float, float]:
    """Seconds of a training besides its epochs, and of each epoch.

    Args:
        train: makes a training of so many epochs, or as many of them as are made at once.
    """

    def seconds(epochs: int) -> float:
        started = time.perf_counter()
        train(epochs)
        return time.perf_counter() - started

    seconds(1)  # warms up
    short, long = seconds(1), seconds(1 + _REHEARSED)
    epoch = max((long - short) / _REHEARSED, 1e-6)
    return max(0.0, short - epoch), epoch
