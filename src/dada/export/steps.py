"""A policy in real values, without scales: what other libraries need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import torch

from dada.augment.sampler import random_magnitude
from dada.ops import get
from dada.policy import Operation, Policy, Scale

LEVELS = 5
"""How many equally likely magnitudes stand for a random one."""


@dataclass(frozen=True)
class Step:
    """One operation of a sub-policy.

    Attributes:
        name: as it is registered.
        probability: chance in [0, 1] that it is applied.
        magnitudes: equally likely ones, each in [0, 1]: a single one where the policy's has no
            spread, else the middles of equal parts of its distribution.
        values: for each of these the value in the operation's real unit (degrees, factors,
            thresholds, fractions of a side; see `dada.ops.OperationType`) under the random signs +
            and −, which are equally likely; the same twice where there is no random sign.
    """

    name: str
    probability: float
    magnitudes: tuple[float, ...]
    values: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Steps:
    """A sub-policy: its chance of being chosen, and its operations in order."""

    chance: float
    steps: tuple[Step, ...]


def resolve(policy: Policy, levels: int = LEVELS) -> list[Steps]:
    """A policy's sub-policies in real values, most frequent first; those of weight 0 are left out.

    Args:
        levels: how many magnitudes stand for a random one.

    Examples:
        >>> import dada
        >>> turn = dada.Operation("Rotate", probability=0.5, magnitude=0.75)
        >>> (sub_policy,) = resolve(dada.Policy((dada.SubPolicy((turn,)),)))
        >>> sub_policy.chance, sub_policy.steps[0].values
        (1.0, ((15.0, -15.0),))
    """
    total = sum(s.weight for s in policy.sub_policies)
    return [
        Steps(s.weight / total, tuple(_step(policy.scale, o, levels) for o in s.operations))
        for s in policy.leading()
        if s.weight > 0
    ]


def _step(scale: Scale, operation: Operation, levels: int) -> Step:
    kind = get(operation.name)
    magnitudes = [operation.magnitude]
    if operation.spread and kind.has_magnitude:
        middles = (torch.arange(levels, dtype=torch.float64) + 0.5) / levels
        centre, spread = (
            torch.tensor(x, dtype=torch.float64) for x in (operation.magnitude, operation.spread)
        )
        magnitudes = random_magnitude(centre, spread, middles).tolist()
    return Step(
        operation.name,
        operation.probability,
        tuple(magnitudes),
        tuple(scale.values(kind, magnitude) for magnitude in magnitudes),
    )


def fixed(
    sub_policy: Steps,
) -> Iterator[tuple[float, list[tuple[str, float, float, float, float]]]]:
    """The sub-policy as several without random magnitudes, for libraries that have none.

    Yields:
        A chance, and for each operation its name, probability, magnitude, value under + and
        value under −.
    """
    choices = [
        [
            (step.name, step.probability, magnitude, plus, minus)
            for magnitude, (plus, minus) in zip(step.magnitudes, step.values, strict=True)
        ]
        for step in sub_policy.steps
    ]
    combinations = list(product(*choices))
    for combination in combinations:
        yield sub_policy.chance / len(combinations), list(combination)
