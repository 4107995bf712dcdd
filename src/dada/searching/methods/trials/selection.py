"""From operations' rewards to how often each is chosen: reliability, and shares."""

from __future__ import annotations

import torch
from scipy import stats
from torch import Tensor

from dada.searching.noise import CONFIDENCE, RESOLUTION, noise


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


def reliability_limit(rewards: Tensor) -> float:
    """The lower confidence limit of the reliability (Feldt 1965), at least 0.

    The estimate itself, with what is below 0 set to 0, finds 0.16 on average in pure noise. This
    is above 0 in a tenth of such cases, and 0.02 on average.

    Args:
        rewards: (R, N), as for `reliability`; a single round is not shrunk.
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


def shares(rewards: Tensor, kl_weight: float) -> Tensor:
    """(N,) how often to choose each operation.

    They maximise the expected reward less `kl_weight` times the Kullback-Leibler divergence from
    choosing all alike, with rewards in units of their standard deviation. Rewards are drawn
    towards their mean as far as they may be noise (`reliability_limit`), so that rounds that
    contradict each other leave all alike.

    Args:
        rewards: (R, N) log losses saved, against anything that is the same for a whole round.
        kl_weight: above 0; with 1, an operation that is a standard deviation above the mean is
            chosen e times as often as one at the mean.
    """
    means = rewards.mean(0)
    if len(means) == 1:
        return torch.ones_like(means)
    spread = means.std().clamp_min(RESOLUTION)
    return (reliability_limit(rewards) * (means - means.mean()) / (kl_weight * spread)).softmax(0)
