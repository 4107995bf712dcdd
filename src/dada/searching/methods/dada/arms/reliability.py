"""How far rewards of operations agree over folds."""

from __future__ import annotations

import torch
from scipy import stats
from torch import Tensor

from dada.searching.noise import CONFIDENCE, noise


def reliability(rewards: Tensor) -> float:
    """The estimated share of the variance of the operations' means that is not noise.

    Args:
        rewards: (R, N), of N operations in R rounds, at least two of each. A round may be a fold,
            or the mean of a pair.

    Returns:
        Cronbach's alpha (1951): 1 if the rounds agree; on average 0, and often below, if they
        agree no more than by chance.
    """
    ratio, *_ = _ratio(rewards)
    return 1 - 1 / ratio if ratio > 0 else 0.0


def reliability_limit(rewards: Tensor) -> float:
    """The lower confidence limit of the reliability (Feldt 1965), at least 0.

    In pure noise the estimate itself, clamped at 0, is 0.16 on average; this limit is 0.02 on
    average, and above 0 in a tenth of the cases.

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


def kinds_limit(rewards: Tensor, kinds: Tensor) -> float:
    """The same limit for the means of operations of a kind, whose order tells less but is surer.

    Args:
        rewards: (R, N), as for `reliability`; of a single round nothing is known.
        kinds: (N,) bool, which of two kinds each operation is of; 0 if they are of one kind.
    """
    rounds, count = rewards.shape
    if rounds < 2 or count < 3 or kinds.all() or not kinds.any():
        return 0.0
    means = kind_means(rewards.mean(0), kinds)
    between, within = rounds * (means - means.mean()).square().sum().item(), noise(rewards).variance
    limit = float(stats.f.ppf(CONFIDENCE, 1, (rounds - 1) * (count - 1))) * within
    return max(0.0, 1 - limit / between) if between > 0 else 0.0


def kind_means(effects: Tensor, kinds: Tensor) -> Tensor:
    """(N,) for each operation the mean of its kind, of which there are two."""
    return torch.where(kinds, effects[kinds].mean(), effects[~kinds].mean())


def _ratio(rewards: Tensor) -> tuple[float, int, int]:
    """The mean square between operations over the residuals'; degrees of freedom of both."""
    rounds, count = rewards.shape
    means = (rewards - rewards.mean(1, keepdim=True)).mean(0)
    between = rounds * means.square().sum().item() / (count - 1)
    return between / noise(rewards).variance, count - 1, (rounds - 1) * (count - 1)
