"""The figures of a search by whole trainings, from its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dada.report import figures


def trial_curves(
    rounds: list[dict[str, Any]], names: Sequence[Sequence[str]]
) -> list[dict[str, str]]:
    """The figures of the rounds so far, each with a title and a caption."""
    parts = [
        (
            "What each operation is worth",
            "How much lower the loss on images that were not trained on is after a training with "
            "an operation on half of the images than after the others' of the same round. Strokes: "
            "rounds, which take the halves of the images in turn. Right: how often the policy "
            "chooses it. What differs from round to round is noise, and counts for less.",
            figures.rewards_figure(rewards_of(rounds), shares_of(rounds[-1]["weights"], names)),
        )
    ]
    amounts = [r["trials"] for r in rounds if _of_amounts(r)]
    if amounts:
        share = rounds[-1]["probabilities"][0][0]
        parts.append(
            (
                "How much of it",
                "The same loss when the policy is used in several amounts, 0 being none: thin, by "
                "round; thick, their mean. A parabola through those above 0 is lowest at "
                f"{share:.0%}, which is every operation's probability.",
                figures.amounts_figure(
                    [float(name.rstrip("%")) / 100 for name in amounts[0]],
                    [[trial["loss"] for trial in trials.values()] for trials in amounts],
                ),
            )
        )
    return [{"title": t, "caption": c, "svg": s} for t, c, s in parts]


def _of_amounts(record: dict[str, Any]) -> bool:
    return all(name.endswith("%") for name in record["trials"])


def rewards_of(rounds: list[dict[str, Any]]) -> dict[str, list[float]]:
    """By operation, the share of the loss that it saves in each round, against the round's mean.

    Args:
        rounds: all of a search; those of amounts are left out.
    """
    alone = [
        {name: trial for name, trial in r["trials"].items() if name != "no augmentation"}
        for r in rounds
        if not _of_amounts(r)
    ]
    losses = np.array([[trial["loss"] for trial in trials.values()] for trials in alone])
    logs = np.log(losses.clip(1e-3))  # as the search takes them
    saved = logs.mean(1, keepdims=True) - logs
    return dict(zip(alone[0], saved.T.tolist(), strict=True))


def shares_of(weights: Sequence[float], names: Sequence[Sequence[str]]) -> dict[str, float]:
    """How often an operation is chosen: its share of all operations of all choices."""
    found: dict[str, float] = {}
    for weight, operations in zip(weights, names, strict=True):
        for name in operations:
            found[name] = found.get(name, 0.0) + weight / len(operations)
    return found
