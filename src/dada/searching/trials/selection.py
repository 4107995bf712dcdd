"""From what operations are worth to how often they are chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def reliability(rewards: Tensor) -> float:
    """How much of the differences between operations is not noise (Cronbach 1951).

    Args:
        rewards: (R, N), of N operations in R rounds, at least two of each.

    Returns:
        One minus the error variance of the operations' means over their variance: 1 where the
        rounds agree, 0 where they agree no more than chance.
    """
    rounds, count = rewards.shape
    centred = rewards - rewards.mean(1, keepdim=True)
    means = centred.mean(0)
    between = rounds * means.square().sum() / (count - 1)
    noise = (centred - means).square().sum() / ((rounds - 1) * (count - 1))
    return max(0.0, 1 - (noise / between).item()) if between > 0 else 0.0


def shares(rewards: Tensor, price: float) -> Tensor:
    """(N,) how often to choose each operation.

    They maximise the expected reward less `price` times the Kullback-Leibler divergence from
    choosing all alike, with rewards in units of their standard deviation. Rewards are drawn
    towards their mean as far as they are noise, so that rounds that contradict each other leave
    all alike.

    Args:
        rewards: (R, N); a single round is taken at its word.
        price: above 0; with 1, an operation that is a standard deviation above the mean is chosen
            e times as often as one at the mean.
    """
    means = rewards.mean(0)
    spread = means.std() if len(means) > 1 else torch.zeros(())
    if spread == 0:
        return torch.full_like(means, 1 / len(means))
    trust = reliability(rewards) if len(rewards) > 1 else 1.0
    return (trust * (means - means.mean()) / (price * spread)).softmax(0)


def best_amount(amounts: Sequence[float], losses: Sequence[float]) -> float:
    """Where the parabola through the losses (least squares) is lowest, within the amounts.

    Args:
        amounts: three or more different ones, ascending.
        losses: of each.
    """
    grid = np.linspace(amounts[0], amounts[-1], 16)
    return float(grid[np.polyval(np.polyfit(amounts, losses, 2), grid).argmin()])
