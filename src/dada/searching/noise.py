"""What trials say about candidates: effects against no policy, and noise.

Everything here is arithmetic on log losses: rows are rounds, columns are the policies that were
tried in them. A difference of log losses is a share of the loss: 0.05 is about 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor

CONFIDENCE = 0.9
"""Level of every statement that something is more than noise."""
RESOLUTION = 1e-3
"""Differences of log losses below a thousandth decide nothing, however well rounds agree."""
_TINY = 1e-3  # smaller losses are no better


class Noise(NamedTuple):
    """How much trials of one policy differ, after each round's mean is subtracted.

    Attributes:
        variance: that of a single trial's log loss.
        freedom: degrees of freedom of the estimate; 0 if nothing is known.
    """

    variance: float
    freedom: int

    def error(self, rounds: int) -> float | None:
        """The standard error of the difference of two policies' means over `rounds` rounds."""
        return (2 * self.variance / rounds) ** 0.5 if self.freedom else None

    def half_width(self, rounds: int) -> float | None:
        """Half-width of the 95 % interval (Student's t) of that difference."""
        error = self.error(rounds)
        return error * float(stats.t.ppf(0.975, self.freedom)) if error else None


def noise(*tables: Tensor) -> Noise:
    """The residual variance, pooled over tables of the same kind of trial.

    It is the mean square of what rounds and policies do not explain additively (two-way analysis
    of variance), so that two rounds suffice where many policies are tried.

    Args:
        tables: (R, T) log losses each.
    """
    squares, freedom = 0.0, 0
    for table in tables:
        rounds, count = table.shape
        if rounds < 2 or count < 2:
            continue
        centred = table - table.mean(1, keepdim=True)
        squares += (centred - centred.mean(0)).square().sum().item()
        freedom += (rounds - 1) * (count - 1)
    return Noise(max(squares / freedom, RESOLUTION**2), freedom) if freedom else Noise(0.0, 0)


def effects(logs: Tensor) -> Tensor:
    """(N,) the log loss that each policy saves against none, averaged over the rounds.

    Args:
        logs: (R, 1 + N) log losses; the first column is no policy.
    """
    return (logs[:, :1] - logs[:, 1:]).mean(0)


def chance(best: float, error: float, count: int, freedom: int) -> float:
    """The chance that noise alone makes the best of `count` policies look this good against none.

    Dunnett's test (1955), one-sided: policies share the trial that they are compared with, and
    the best of many is lucky more often than one.

    Args:
        best: the effect of the best.
        error: the standard error of an effect.
        count: number of policies.
        freedom: degrees of freedom of that error.
    """
    z = np.linspace(-6, 6, 97)
    probability = (np.arange(100) + 0.5) / 100
    scale = np.sqrt(stats.chi2.ppf(probability, freedom) / freedom)
    below = stats.norm.cdf(z + 2**0.5 * best / error * scale[:, None]) ** count
    density = stats.norm.pdf(z)
    return float(np.clip(1 - ((below * density).sum(1) / density.sum()).mean(), 0, 1))


def differ(means: Tensor, rounds: int, noise: Noise) -> bool:
    """Whether policies' mean log losses differ by more than noise (F test)."""
    if not noise.freedom or len(means) < 2:
        return False
    ratio = rounds * means.var().item() / noise.variance
    return bool(ratio > stats.f.ppf(CONFIDENCE, len(means) - 1, noise.freedom))


def log_losses(losses: Sequence[Sequence[float]]) -> Tensor:
    """(R, T) their logarithms, so that differences are shares; losses near zero are clamped.

    Args:
        losses: by round and trial, R × T.
    """
    return torch.tensor(losses, dtype=torch.float64).clamp_min(_TINY).log()
