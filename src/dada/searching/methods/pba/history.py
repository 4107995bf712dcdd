"""What became of a population: its rounds, and which trial descends from which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dada.policy import OperationList, PolicySchedule, SearchSpace, Stage
from dada.searching.methods.pba.values import operations_of


class Round(NamedTuple):
    """A round, as plain data: what each trial began with, and how it ended.

    Attributes:
        epochs: of each trial in this round.
        sources: whose weights of the round before each trial went on from.
        values: the policy of each (`dada.searching.methods.pba.values`).
        losses: on held-out images, at the best temperature.
        accuracies: on held-out images, in [0, 1].
    """

    epochs: int
    sources: list[int]
    values: list[list[int]]
    losses: list[float]
    accuracies: list[float]

    @property
    def best(self) -> int:
        """The trial with the highest accuracy; of several, that with the lowest loss."""
        return max(range(len(self.losses)), key=lambda n: (self.accuracies[n], -self.losses[n]))


History = Sequence[Round]


def history_of(plain: Sequence[Any]) -> list[Round]:
    """Rounds from their `_asdict`."""
    return [Round(**one) for one in plain]


def ancestry(history: History, trial: int) -> list[int]:
    """Which trial trained the weights of this one in each round, the first round's first.

    Args:
        history: one or more rounds.
        trial: as it is after the last of them.

    Examples:
        >>> first = Round(3, [0, 1], [[0, 0], [0, 0]], [0.9, 0.8], [0.5, 0.6])
        >>> second = Round(3, [1, 1], [[4, 2], [0, 0]], [0.6, 0.7], [0.8, 0.7])
        >>> ancestry([first, second], trial=0)
        [1, 0]
    """
    line = [trial]
    for after in reversed(history[1:]):
        line.append(after.sources[line[-1]])
    return line[::-1]


def schedule_of(
    history: History, space: SearchSpace, name: str, provenance: dict[str, Any]
) -> PolicySchedule:
    """The policies under which the weights of the best trial were trained.

    Args:
        history: one or more rounds.
        space: its operations and scale count.
    """
    line = ancestry(history, history[-1].best)
    stages: list[Stage] = []
    for one, trial in zip(history, line, strict=True):
        policy, epochs = policy_of(one.values[trial], space), one.epochs
        if stages and stages[-1].policy == policy:
            epochs += stages.pop().epochs
        stages.append(Stage(epochs, policy))
    return PolicySchedule(tuple(stages), name, provenance)


def policy_of(values: Sequence[int], space: SearchSpace) -> OperationList:
    """The policy that the values stand for: of each image 0, 1 or 2 of the operations."""
    return OperationList(operations_of(values, space.operations), scale=space.scale)
