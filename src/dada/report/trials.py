"""The figures of a search by whole trainings, from its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dada.report import figures

NONE = "no augmentation"
"""The trial that operations are compared with."""


def trial_curves(
    rounds: list[dict[str, Any]], names: Sequence[Sequence[str]]
) -> list[dict[str, str]]:
    """The figures of the rounds so far, each with a title and a caption."""
    none = NONE in rounds[0]["trials"]
    against = (
        "after one without augmentation" if none else "after the others' of the same round (mean)"
    )
    reference = "no augmentation" if none else "the round's mean"
    parts = [
        (
            "What each operation is worth",
            "How much lower the loss on images that were not trained on is after a training with "
            f"an operation on half of the images than {against}. Strokes: "
            "rounds, which take the halves of the images in turn. Right: how often the policy "
            "chooses it. What differs from round to round is noise, and counts for less.",
            figures.rewards_figure(
                rewards_of(rounds, names), shares_of(rounds[-1]["weights"], names), reference
            ),
        )
    ]
    amounts = [r["trials"] for r in rounds if not _of_operations(r, names)]
    if amounts:
        parts.append(
            (
                "How much of it",
                "The same loss when the policy is used in several amounts, 0 being none: thin, by "
                f"round; thick, their mean. {_chosen(rounds[-1])}",
                figures.amounts_figure(
                    [float(name.rstrip("%")) / 100 for name in amounts[0]],
                    [[trial["loss"] for trial in trials.values()] for trials in amounts],
                ),
            )
        )
    return [{"title": t, "caption": c, "svg": s} for t, c, s in parts]


def _of_operations(record: dict[str, Any], names: Sequence[Sequence[str]]) -> bool:
    """Whether a round tried operations, and not amounts of the policy."""
    return set(record["trials"]) - {NONE} <= {name for pair in names for name in pair}


def _chosen(last: dict[str, Any]) -> str:
    share = max(map(max, last["probabilities"]))
    if share == 0:
        return "No amount lowers the loss by more than noise does, so the answer is none."
    return f"The policy applies its operations with a probability of {share:.0%}."


def rewards_of(
    rounds: list[dict[str, Any]], names: Sequence[Sequence[str]]
) -> dict[str, list[float]]:
    """By operation, the share of the loss that it saves in each round, against no augmentation;
    in runs of older releases, which did not try that, against the round's mean.

    Args:
        rounds: all of a search; those of amounts are left out.
        names: of the operations of each sub-policy.
    """
    alone = [r["trials"] for r in rounds if _of_operations(r, names)]
    losses = np.array([[trial["loss"] for trial in trials.values()] for trials in alone])
    logs = np.log(losses.clip(1e-3))  # as the search takes them
    tried = list(alone[0])
    reference = logs[:, tried.index(NONE), None] if NONE in tried else logs.mean(1, keepdims=True)
    saved = dict(zip(tried, (reference - logs).T.tolist(), strict=True))
    return {name: values for name, values in saved.items() if name != NONE}


def shares_of(weights: Sequence[float], names: Sequence[Sequence[str]]) -> dict[str, float]:
    """How often an operation is chosen: its share of all operations of all choices."""
    found: dict[str, float] = {}
    for weight, operations in zip(weights, names, strict=True):
        for name in operations:
            found[name] = found.get(name, 0.0) + weight / len(operations)
    return found
