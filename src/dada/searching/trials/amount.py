"""How much of a policy: from the losses of several amounts, none among them, to one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from dada.searching.trials.selection import (
    CONFIDENCE,
    RESOLUTION,
    Noise,
    chance,
    differ,
    effects,
)

AMOUNTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The probabilities of a policy's operations that are tried; 0 is no policy."""


class Choice(NamedTuple):
    """How much of a policy to apply, and why.

    Attributes:
        amount: the probability of its operations; 0 if no amount is better than none.
        gains: (4,) the log loss that each amount above 0 saves against none.
        p_value: how likely noise alone makes the best of them look this good.
        differ: whether the amounts above 0 differ among themselves by more than noise.
        noise: by which this is judged.
    """

    amount: float
    gains: Tensor
    p_value: float
    differ: bool
    noise: Noise


def choose(logs: Tensor, noise: Noise) -> Choice:
    """None, unless the best amount gains more than noise does; else `best_amount`.

    Args:
        logs: (R, 5) log losses by `AMOUNTS`.
        noise: of these trials. If nothing is known of it, any gain above `RESOLUTION` counts.
    """
    gains = effects(logs)
    best, error = gains.max().item(), noise.error(len(logs))
    p_value = 1.0 if best <= 0 else 0.0
    if error and best > 0:
        p_value = chance(best, error, len(gains), noise.freedom)
    kept = best > RESOLUTION and p_value <= 1 - CONFIDENCE
    amount = best_amount(AMOUNTS[1:], (-gains).tolist()) if kept else 0.0
    return Choice(amount, gains, p_value, differ(gains, len(logs), noise), noise)


def best_amount(amounts: Sequence[float], losses: Sequence[float]) -> float:
    """Where the parabola through the losses (least squares) is lowest, within the amounts.

    Of amounts that it does not tell apart (`RESOLUTION`) the smallest: a flat parabola is lowest
    where rounding says.

    Args:
        amounts: three or more different ones, ascending.
        losses: the mean log loss of each.
    """
    grid = np.linspace(amounts[0], amounts[-1], 16).round(2)
    curve = np.polyval(np.polyfit(amounts, losses, 2), grid)
    return float(grid[curve <= curve.min() + RESOLUTION][0])
