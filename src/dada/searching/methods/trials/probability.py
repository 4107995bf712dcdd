"""How often to apply a policy: choose one of several probabilities, 0 among them, by the losses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from torch import Tensor

from dada.searching.noise import CONFIDENCE, RESOLUTION, Noise, differ, effects

PROBABILITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The probabilities that a policy's operations are tried with; 0 is no policy."""
_SIMULATED = 20_000  # rounds of noise; the standard error of a chance of 0.1 is 0.002


class Choice(NamedTuple):
    """How often to apply a policy, and why.

    Attributes:
        probability: the probability of its operations; 0 if no probability is better than none.
        gains: (4,) the log loss that each probability above 0 saves against none.
        p_value: the chance that noise alone makes them look this good (`luck`).
        differ: whether the probabilities above 0 differ among themselves by more than noise.
        noise: the noise that this is judged by.
    """

    probability: float
    gains: Tensor
    p_value: float
    differ: bool
    noise: Noise


def choose(logs: Tensor, noise: Noise) -> Choice:
    """`best_probability`, or 0 if the probabilities gain no more than noise does (`luck`).

    Args:
        logs: (R, 5) log losses by `PROBABILITIES`.
        noise: that of these trials. If it is unknown, any gain above `RESOLUTION` counts.
    """
    gains = effects(logs)
    best, error = gains.max().item(), noise.error(len(logs))
    p_value = 1.0 if best <= 0 else 0.0
    if error and best > 0:
        p_value = luck(gains.numpy() / error, noise.freedom)
    kept = best > RESOLUTION and p_value <= 1 - CONFIDENCE
    probability = best_probability(PROBABILITIES[1:], (-gains).tolist()) if kept else 0.0
    return Choice(probability, gains, p_value, differ(gains, len(logs), noise), noise)


def luck(gains: np.ndarray, freedom: int) -> float:
    """The chance that noise alone makes probabilities look this good against none, by simulation.

    There are two ways to look good, each measured by the share of noise that looks as good: the
    gain of the best probability, for policies that help only when rarely applied, and the mean
    gain, for those that help at most probabilities. The more striking one counts, in the simulated
    noise as well.

    Args:
        gains: (A,) in standard errors.
        freedom: degrees of freedom of the standard errors.
    """
    best, mean = _noise_alone(len(gains), freedom)
    simulated = np.minimum(_shares_above(best, best), _shares_above(mean, mean))
    found = min(*_shares_above(best, gains.max()), *_shares_above(mean, gains.mean()))
    return float((simulated <= found).mean())


@cache
def _noise_alone(count: int, freedom: int) -> tuple[np.ndarray, np.ndarray]:
    """The best and the mean gain of policies that do nothing, many times over."""
    generator = np.random.default_rng(0)
    trials = generator.standard_normal((_SIMULATED, 1 + count))
    scale = np.sqrt(2 * generator.chisquare(freedom, _SIMULATED) / freedom)
    gains = (trials[:, 1:] - trials[:, :1]) / scale[:, None]
    return gains.max(1), gains.mean(1)


def _shares_above(values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """(B,) the share of the values that is at least each bound."""
    return 1 - np.searchsorted(np.sort(values), np.atleast_1d(bounds)) / len(values)


def best_probability(probabilities: Sequence[float], losses: Sequence[float]) -> float:
    """The minimum of a parabola fitted to the losses (least squares), within the probabilities.

    If several are within `RESOLUTION` of it, the smallest: rounding decides where a flat parabola
    has its minimum.

    Args:
        probabilities: three or more different ones, ascending.
        losses: the mean log loss at each.
    """
    grid = np.linspace(probabilities[0], probabilities[-1], 16).round(2)
    curve = np.polyval(np.polyfit(probabilities, losses, 2), grid)
    return float(grid[curve <= curve.min() + RESOLUTION][0])
