"""The learning rate of the child network, under a plan that a budget may change."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from dada.searching.methods.dada.one_step.settings import OneStepSettings
from dada.training.optimiser import cosine


def learning_rate(plan: Sequence[int], epoch: int, settings: OneStepSettings) -> float:
    """A cosine from `lr` in the first epoch to a little above `lr_min` in the last.

    The published code is an epoch ahead: 0.0994 to 0.001 where this is 0.1 to 0.0016.

    Args:
        plan: for each epoch, the total number of epochs that was planned when it began.
        epoch: epochs done.
        settings: with `lr` and `lr_min`.
    """
    if settings.lr <= settings.lr_min:
        return settings.lr
    return cosine(progress(plan, epoch), settings.lr, settings.lr_min)


def progress(plan: Sequence[int], epoch: int) -> float:
    """How far the schedule is, from 0 to 1: exactly epoch / epochs if the plan never changed.

    Examples:
        >>> progress([4, 4, 4, 4], 2)
        0.5
        >>> progress([4, 4, 6, 6, 6, 6], 3)  # after half, four epochs were left instead of two
        0.625
    """
    done = Fraction(0)
    for number, planned in enumerate(plan[:epoch]):
        done += (1 - done) / (planned - number)
    return float(done)
