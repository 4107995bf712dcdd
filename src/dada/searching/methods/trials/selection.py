"""What trials say of operations: effects against no policy, their noise, and shares.

Everything here is arithmetic on log losses: rows are rounds, columns are the policies that were
tried in them. A difference of log losses is a share of the loss: 0.05 is about 5 %.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor

CONFIDENCE = 0.9
"""Of every statement that something is more than noise."""
RESOLUTION = 1e-3
"""Differences of log losses below a thousandth decide nothing, however well rounds agree."""


class Noise(NamedTuple):
    """How much trials of one policy differ, once each round's own level is taken off.

    Attributes:
        variance: of a single trial's log loss.
        freedom: degrees of freedom of that estimate; 0 if nothing is known.
    """

    variance: float
    freedom: int

    def error(self, rounds: int) -> float | None:
        """The standard error of the difference of two policies' means over so many rounds."""
        return (2 * self.variance / rounds) ** 0.5 if self.freedom else None

    def half_width(self, rounds: int) -> float | None:
        """Half of the 95 % interval (Student's t) of that difference."""
        error = self.error(rounds)
        return error * float(stats.t.ppf(0.975, self.freedom)) if error else None


def noise(*tables: Tensor) -> Noise:
    """The residual variance, pooled over tables of the same kind of trial.

    It is the mean square of what rounds and policies do not explain additively (analysis of
    variance of two factors), so that two rounds suffice where many policies are tried.

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
    """(N,) the log loss that each policy saves against none, in the mean of the rounds.

    Args:
        logs: (R, 1 + N) log losses; the first column is no policy.
    """
    return (logs[:, :1] - logs[:, 1:]).mean(0)


def chance(best: float, error: float, count: int, freedom: int) -> float:
    """How likely noise alone makes the best of `count` policies look this good against none.

    Dunnett's test (1955), one-sided: policies share the trial that they are compared with, and
    the best of many is lucky more often than one.

    Args:
        best: its effect.
        error: the standard error of an effect.
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


def reliability(rewards: Tensor) -> float:
    """How much of the variance of operations' means is not noise: an estimate.

    Args:
        rewards: (R, N), of N operations in R rounds, at least two of each.

    Returns:
        Cronbach's alpha (1951): 1 where the rounds agree; 0 in the mean, and often below, where
        they agree no more than chance.
    """
    ratio, *_ = _ratio(rewards)
    return 1 - 1 / ratio if ratio > 0 else 0.0


def trust(rewards: Tensor) -> float:
    """The lower confidence limit of the reliability (Feldt 1965), at least 0.

    The estimate itself, with what is below 0 set to 0, finds 0.16 on average in pure noise. This
    is above 0 in a tenth of such cases, and 0.02 on average.

    Args:
        rewards: (R, N), as for `reliability`; a single round is taken at its word.
    """
    if len(rewards) < 2:
        return 1.0
    if rewards.shape[1] < 2:
        return 0.0
    ratio, between, within = _ratio(rewards)
    limit = float(stats.f.ppf(CONFIDENCE, between, within))
    return max(0.0, 1 - limit / ratio) if ratio > 0 else 0.0


def _ratio(rewards: Tensor) -> tuple[float, int, int]:
    """Mean squares between operations over that of the residuals; degrees of freedom of both."""
    rounds, count = rewards.shape
    means = (rewards - rewards.mean(1, keepdim=True)).mean(0)
    between = rounds * means.square().sum().item() / (count - 1)
    return between / noise(rewards).variance, count - 1, (rounds - 1) * (count - 1)


def shares(rewards: Tensor, price: float) -> Tensor:
    """(N,) how often to choose each operation.

    They maximise the expected reward less `price` times the Kullback-Leibler divergence from
    choosing all alike, with rewards in units of their standard deviation. Rewards are drawn
    towards their mean as far as they may be noise (`trust`), so that rounds that contradict each
    other leave all alike.

    Args:
        rewards: (R, N) log losses saved, against anything that is the same for a whole round.
        price: above 0; with 1, an operation that is a standard deviation above the mean is chosen
            e times as often as one at the mean.
    """
    means = rewards.mean(0)
    if len(means) == 1:
        return torch.ones_like(means)
    spread = means.std().clamp_min(RESOLUTION)
    return (trust(rewards) * (means - means.mean()) / (price * spread)).softmax(0)
