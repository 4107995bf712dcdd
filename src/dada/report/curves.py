"""The figures of a search, from its epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dada.ops import get
from dada.report import figures


def curves(
    epochs: list[dict[str, Any]], names: Sequence[Sequence[str]], scale: str
) -> list[dict[str, str]]:
    """The figures of a search, each with a title and a caption."""
    numbers = [e["epoch"] for e in epochs]
    meaning = (
        "0 is no change and 1 the strongest"
        if scale == "strength"
        else "the magnitude runs along the operation's range, and 0.5 is its middle"
    )
    parts = [
        (
            "Which sub-policies are chosen",
            f"Selection weights of all {len(names)} sub-policies; the leading ones by name. "
            f"Dashed: all alike. {_concentration(epochs, len(names))}",
            figures.weights_figure(numbers, names, [e["weights"] for e in epochs]),
        ),
        (
            "How operations are applied",
            f"Means over the sub-policies with that operation. Solid: probability. Dashed: "
            f"magnitude, where {meaning}. The scale does not start at 0.",
            figures.operations_figure(numbers, histories(epochs, names)),
        ),
        (
            "Losses",
            "Training: on augmented images. Validation: on the validation images that a step "
            "meets, after its look-ahead step. Means over the epoch's steps.",
            figures.losses_figure(
                numbers,
                {
                    "training": [e["train_loss"] for e in epochs],
                    "validation": [e["validation_loss"] for e in epochs],
                },
            ),
        ),
        (
            "Accuracy of the child network",
            "On the validation half of the search's images. The search chooses the policy by "
            "these, so it is not a test of the policy.",
            figures.share_figure(
                numbers, [e["validation_accuracy"] for e in epochs], "validation accuracy"
            ),
        ),
    ]
    return [{"title": t, "caption": c, "svg": s} for t, c, s in parts]


def training_curves(epochs: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The figures of a training; losses and errors of the epochs that were tested."""
    tested = [e for e in epochs if "test_error" in e]
    numbers = [e["epoch"] for e in tested]
    parts = [
        (
            "Losses",
            "Training: on augmented images. Test: on the test images as they are.",
            figures.losses_figure(
                numbers,
                {
                    "training": [e["train_loss"] for e in tested],
                    "test": [e["test_loss"] for e in tested],
                },
            ),
        ),
        (
            "Test error",
            "The figure to report is the last one: to pick the lowest is to look at the answers.",
            figures.share_figure(numbers, [e["test_error"] for e in tested], "test error"),
        ),
    ]
    return [{"title": t, "caption": c, "svg": s} for t, c, s in parts]


def _concentration(epochs: list[dict[str, Any]], size: int) -> str:
    entropy = epochs[-1].get("entropy")
    if entropy is None:
        return ""
    return (
        f"At the end they vary as if {math.exp(entropy):.0f} of {size} were chosen equally often."
    )


def histories(
    epochs: list[dict[str, Any]], names: Sequence[Sequence[str]]
) -> dict[str, tuple[list[float], list[float] | None]]:
    """By operation, mean probability and (if it has one) magnitude of each epoch."""
    places: dict[str, list[tuple[int, int]]] = {}
    for s, operations in enumerate(names):
        for k, name in enumerate(operations):
            places.setdefault(name, []).append((s, k))

    def means(key: str, name: str) -> list[float]:
        return [float(np.mean([e[key][s][k] for s, k in places[name]])) for e in epochs]

    return {
        name: (
            means("probabilities", name),
            means("magnitudes", name) if get(name).has_magnitude else None,
        )
        for name in places
    }
