"""A trial's policy as whole numbers: what PBA explores."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from dada.policy import Operation

Values = tuple[int, ...]
"""Probability and magnitude in turn, of every operation, and of every operation once more.

Probabilities are from 0 to 10, in tenths. Magnitudes are from 0 to 9, of which 10 would be the
strongest that the operation has."""

TIMES = 2
"""How often each operation is in a policy."""
_LARGEST = (10, 9)  # of a probability, and of a magnitude
_STEPS = 10  # both are in tenths
_ANEW = 0.2  # the chance that a value is drawn anew
_FARTHEST = 3  # that a value moves otherwise


def no_policy(operations: Sequence[str]) -> Values:
    """What every trial of the paper begins with: all probabilities and magnitudes 0."""
    return (0, 0) * TIMES * len(operations)


def explored(values: Sequence[int], generator: Random) -> Values:
    """Other values nearby: each is drawn anew with a chance of 0.2, or else moves by 0 to 3, up or
    down, within its range (Ho et al. 2019, Algorithm 1).

    Examples:
        >>> from random import Random
        >>> explored((0, 0, 10, 9), Random(0))
        (3, 3, 8, 8)
    """
    found = []
    for place, value in enumerate(values):
        largest = _LARGEST[place % 2]
        if generator.random() < _ANEW:
            found.append(generator.randint(0, largest))
        else:
            far = generator.randint(0, _FARTHEST)
            moved = value + far if generator.random() < 0.5 else value - far
            found.append(min(largest, max(0, moved)))
    return tuple(found)


def operations_of(values: Sequence[int], names: Sequence[str]) -> tuple[Operation, ...]:
    """The operations that the values stand for, `TIMES` times as many as there are names."""
    pairs = zip(values[::2], values[1::2], strict=True)
    return tuple(
        Operation(name, probability / _STEPS, magnitude / _STEPS)
        for name, (probability, magnitude) in zip(tuple(names) * TIMES, pairs, strict=True)
    )


def shares_of(values: Sequence[int]) -> tuple[list[float], list[float]]:
    """Mean probability and mean magnitude of each operation, 0 to 1.

    Magnitudes count by their probabilities, and an operation that is never applied has none.

    Examples:
        >>> shares_of((4, 2, 10, 9, 0, 5, 10, 5))  # of two operations
        ([0.2, 1.0], [0.2, 0.7])
    """
    size = len(values) // 2 // TIMES
    pairs = list(zip(values[::2], values[1::2], strict=True))
    often, strong = [], []
    for place in range(size):
        own = pairs[place::size]
        total = sum(probability for probability, _ in own)
        often.append(total / (TIMES * _STEPS))
        strength = sum(probability * magnitude for probability, magnitude in own)
        strong.append(strength / (total * _STEPS) if total else 0.0)
    return often, strong
