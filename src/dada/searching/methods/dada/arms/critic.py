"""What the arms say of operations: their effects, and whether weak or strong is better."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dada.searching.methods.dada.arms.reliability import (
    kind_means,
    kinds_limit,
    reliability,
    reliability_limit,
)
from dada.searching.methods.dada.arms.update import natural_step
from dada.searching.noise import RESOLUTION


@dataclass(frozen=True)
class Contrasts:
    """What the strong half of operations' magnitudes saves more than all of them.

    Attributes:
        values: (Q, N) log loss, by pair of folds; 0 for operations without a magnitude.
        having: (N,) bool, which operations have a magnitude.
    """

    values: Tensor
    having: Tensor

    @property
    def means(self) -> Tensor:
        """(N,) over the pairs of folds."""
        return self.values.mean(0)

    @property
    def reliability(self) -> float | None:
        """Of the contrasts' order; None if there is nothing to compare."""
        found = self.values[:, self.having]
        return reliability(found) if min(found.shape) > 1 else None

    @property
    def limit(self) -> float:
        """The lower confidence limit of the reliability; 0 if there is nothing to compare."""
        found = self.values[:, self.having]
        return reliability_limit(found) if min(found.shape) > 1 else 0.0


def contrasts_of(logs: Tensor, sides: Tensor, having: Tensor) -> Contrasts:
    """The contrasts of pairs of folds, in which an operation is once weak and once strong.

    A fold's mean over operations is subtracted, as its level is unknown. With it goes what all
    operations that are strong in a fold have in common, against those that are weak in it; which
    ones these are changes from pair to pair (`Arms.sides`).

    Args:
        logs: (2Q, N) log losses of the operations' arms.
        sides: (2Q, N), negative for weak arms, positive for strong ones, of one size; 0 for
            operations without a magnitude.
        having: (N,) bool, which operations have a magnitude.
    """
    saved = logs.mean(1, keepdim=True) - logs
    reach = sides.abs().max()
    halves = (saved * sides.sign()).unflatten(0, (-1, 2)).sum(1) / 2 / reach
    return Contrasts(halves.where(having, 0.0), having)


def unit_of(rewards: Tensor) -> Tensor:
    """The standard deviation of the effects over operations, in which the penalty is counted.

    Args:
        rewards: (R, N) log losses saved.
    """
    means = rewards.mean(0)
    return means.std().clamp_min(RESOLUTION) if len(means) > 1 else torch.ones_like(means[0])


def shrunk(rewards: Tensor, spatial: Tensor | None = None) -> Tensor:
    """(N,) the operations' mean rewards less their mean, as far as they are not noise.

    What is not known of each operation (`reliability_limit`) may be known of its kind: on
    photographs of clothes, all that change colours help a little, and none that move pixels does
    (docs/research.md). Then an operation is worth what its kind is worth (`kinds_limit`).

    Args:
        rewards: (R, N) log losses saved, against any reference that is the same within a fold.
        spatial: (N,) bool, which operations move or hide pixels; None for no kinds.
    """
    means = rewards.mean(0) - rewards.mean()
    known = reliability_limit(rewards)
    if spatial is None or (of_kinds := kinds_limit(rewards, spatial)) <= known:
        return known * means
    return known * means + (of_kinds - known) * kind_means(means, spatial)


def distribution_of(
    rewards: Tensor,
    contrasts: Contrasts | None,
    kl_weight: float,
    spatial: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The optimal distribution: one step of 1 from uniform.

    Rewards are in units of their standard deviation over operations, and `shrunk`, so that folds
    which contradict each other leave the distribution uniform. Contrasts are shrunk towards 0.

    Args:
        rewards: (R, N) log losses saved, against any reference that is the same within a fold.
        contrasts: None if arms were neither weak nor strong.
        kl_weight: weight of the KL penalty, above 0; with 1, an operation one standard deviation
            above the mean is chosen e times as often as one at the mean.
        spatial: (N,) bool, which operations move or hide pixels; None for no kinds.

    Returns:
        (N,) how often each operation is chosen, and (N,) the chance of its strong half.
    """
    means = rewards.mean(0)
    zero = torch.zeros_like(means)
    unit = unit_of(rewards)
    effects = shrunk(rewards, spatial) / unit
    halves = zero if contrasts is None else contrasts.limit * contrasts.means / unit
    theta, strong = natural_step(zero, zero, effects, halves, kl_weight, lr=1.0)
    return theta.softmax(0), strong.sigmoid()
