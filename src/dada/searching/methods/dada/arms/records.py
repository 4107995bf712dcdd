"""What rounds of trials found, from the records of this release and of older ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dada.searching.method import Names, Records
from dada.searching.noise import log_losses
from dada.searching.rounds import NONE


def probabilities_of(record: Mapping[str, Any], names: Names) -> Sequence[float] | None:
    """The probabilities of the policy's operations that a round tried; None if it tried operations.

    Args:
        record: that of the round.
        names: the operations of each sub-policy.
    """
    if "tried_probabilities" in record:
        return record["tried_probabilities"]
    return _of_older_release(record, names)


def _of_older_release(record: Mapping[str, Any], names: Names) -> Sequence[float] | None:
    """The same for a record that holds them only in the names of its trials: "25%"."""
    trials = record["trials"]
    if set(trials) - {NONE} <= {name for pair in names for name in pair}:
        return None
    return [float(name.rstrip("%")) / 100 for name in trials]


def rewards_of(records: Records, names: Names) -> dict[str, list[float]]:
    """The log loss that each operation saves in each round against no augmentation; in runs of
    older releases, which did not try that, against the round's mean.

    Args:
        records: those of the rounds; rounds of probabilities are left out.
        names: the operations of each sub-policy.

    Examples:
        >>> trials = {"no augmentation": {"loss": 1.0}, "Rotate": {"loss": 0.5}}
        >>> record = {"trials": trials, "tried_probabilities": None}
        >>> {name: round(saved, 3) for name, [saved] in rewards_of([record], []).items()}
        {'Rotate': 0.693}
    """
    alone = [r["trials"] for r in records if probabilities_of(r, names) is None]
    tried = list(alone[0])
    logs = log_losses([[trial["loss"] for trial in trials.values()] for trials in alone])
    none = tried.index(NONE) if NONE in tried else None
    reference = logs.mean(1, keepdim=True) if none is None else logs[:, none, None]
    saved = dict(zip(tried, (reference - logs).T.tolist(), strict=True))
    return {name: values for name, values in saved.items() if name != NONE}


def shares_of(weights: Sequence[float], names: Names) -> dict[str, float]:
    """How often each operation is chosen: its share of all operations in all choices.

    Examples:
        >>> shares_of([0.5, 0.5], [("Rotate", "Invert"), ("Rotate", "Cutout")])
        {'Rotate': 0.5, 'Invert': 0.25, 'Cutout': 0.25}
    """
    found: dict[str, float] = {}
    for weight, operations in zip(weights, names, strict=True):
        for name in operations:
            found[name] = found.get(name, 0.0) + weight / len(operations)
    return found
