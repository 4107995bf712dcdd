"""How the settings of each method follow from what its search may cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.methods.cost import cost_of
from dada.datasets import Dataset

Settings = dict[str, Any]


def _fast_autoaugment(trials: int) -> Settings:
    """Trials on all folds together: folds of 100, as by default, up to five; then more on each."""
    folds = min(5, max(1, round(trials / 100)))
    return {"folds": folds, "trials": max(1, trials // folds)}


def _randaugment(count: int) -> Settings:
    """So many magnitudes, evenly spaced, for each number of operations."""
    if count == 1:
        return {"strengths": (0.5,)}
    return {"strengths": tuple(round(0.1 + 0.8 * n / (count - 1), 4) for n in range(count))}


LENGTHENED: dict[str, Callable[[int], Settings]] = {
    "autoaugment": lambda n: {"children": n},
    "pba": lambda n: {"trials": 1 + n},
    "fast_autoaugment": _fast_autoaugment,
    "faster_autoaugment": lambda n: {"epochs": n},
    "random": lambda n: {"policies": n},
    "randaugment": _randaugment,
}
"""What makes a method's search longer: a whole number from 1 to settings."""


def fitted(method: str, child_epochs: float, data: Dataset) -> Settings:
    """The settings whose cost is the nearest to so many child-epochs.

    Args:
        method: in `LENGTHENED`; its other settings are its defaults.
        data: what it would search on.
    """

    def at(number: int) -> Settings:
        return {"method": method, **LENGTHENED[method](number)}

    def cost(number: int) -> float:
        return cost_of(at(number), data)

    low, high = 1, 2
    while cost(high) < child_epochs:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) < child_epochs else (low, middle)
    return at(min(low, high, key=lambda number: abs(cost(number) - child_epochs)))


FACTOR = 8
"""An eighth of the images per network than published: 500 instead of 4,000, batches likewise."""


def published(data: Dataset) -> Mapping[str, Settings]:
    """The published settings of each method that has any, scaled down by `FACTOR`.

    Some methods here halve their images or hold a share out; where a paper's networks have 4,000
    images to learn from, these have 500.
    """
    images = 4000 // FACTOR
    # The policy of a network that learns with it moves with every step: there are as many of them.
    batch = 128 // FACTOR
    return {
        "dada": {"preset": "paper", "model": data.task.proxy, "images": images, "batch": batch},
        "faster_autoaugment": {"images": images, "batch": batch, "epochs": 20},
        "fast_autoaugment": {
            "images": images,
            "epochs": 200,
            "trials": 200,
            "reward": "accuracy",
            "drawn_views": True,
        },
        "pba": {"images": 2 * images, "epochs": 200},
        "autoaugment": {"images": 4 * images, "fold_images": images, "epochs": 120}
        | {"children": 15_000},
    }
