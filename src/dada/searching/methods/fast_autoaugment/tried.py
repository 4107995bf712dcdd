"""What was tried on a fold, and what of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dada.policy import Operation, SubPolicy

Entry = tuple[str, float, float]
"""An operation's name, probability and magnitude."""
Set = tuple[tuple[Entry, ...], ...]
"""The operations of each sub-policy of a set."""


class Tried(NamedTuple):
    """A trial, as plain data.

    Attributes:
        sub_policies: what was tried; lists, if it was read back from a file.
        loss: mean over the held-out images of the least loss under any view.
        accuracy: mean of the highest accuracy under any view, in [0, 1].
    """

    sub_policies: Set
    loss: float
    accuracy: float

    def reward(self, kind: str) -> float:
        """What the set earned, by the setting `reward`; more is better."""
        return -self.loss if kind == "loss" else self.accuracy

    @property
    def parts(self) -> tuple[SubPolicy, ...]:
        """The same, as parts of a policy."""
        return tuple(
            SubPolicy(tuple(Operation(*entry) for entry in own)) for own in self.sub_policies
        )


def best(tried: Sequence[Tried], share: float, kind: str) -> list[Tried]:
    """The share of the trials with the highest rewards, at least one; the first of equal ones.

    Args:
        tried: at least one.
        share: in (0, 1].
        kind: of reward.

    Examples:
        >>> few = [Tried((), loss, 0.5) for loss in (3.0, 1.0, 2.0, 4.0)]
        >>> [one.loss for one in best(few, 0.5, "loss")]
        [1.0, 2.0]
    """
    count = max(1, round(share * len(tried)))
    return sorted(tried, key=lambda one: -one.reward(kind))[:count]


def without_repetition(sub_policies: Sequence[SubPolicy]) -> list[SubPolicy]:
    """The first of the sub-policies with the same operations in the same order, as published."""
    different: dict[tuple[str, ...], SubPolicy] = {}
    for one in sub_policies:
        different.setdefault(tuple(o.name for o in one.operations), one)
    return list(different.values())
