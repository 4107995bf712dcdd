"""How often to apply a policy: one of several probabilities, 0 among them; or a rival of it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import entr
from torch import Tensor

from dada.searching.methods.dada.arms.reliability import reliability_limit
from dada.searching.noise import CONFIDENCE, RESOLUTION, Noise, differ, effects

PROBABILITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The probabilities that a policy's operations are tried with; 0 is no policy."""
LABELS = tuple(f"{probability:.0%}" for probability in PROBABILITIES)
"""What their trials are called."""
_TRIED = np.array(PROBABILITIES[1:])
_SIMULATED = 20_000  # rounds of noise; the standard error of a chance of 0.1 is 0.002


class Choice(NamedTuple):
    """How often to apply a policy, or what to apply instead, and why.

    Attributes:
        probability: the probability of its operations; 0 if no probability is better than none, or
            a rival is better than all.
        rival: the place of the rival that is better; None if none is.
        gains: (4 + K,) the log loss that each probability above 0, and then each of K rivals, saves
            against none.
        p_value: the chance that noise alone makes them look this good (`luck`).
        differ: whether the probabilities above 0 differ among themselves by more than noise.
        noise: the noise that this is judged by.
    """

    probability: float
    rival: int | None
    gains: Tensor
    p_value: float
    differ: bool
    noise: Noise


def choose(logs: Tensor, noise: Noise, penalty: float = 0.0) -> Choice:
    """What gains most, the policy at its best or a rival; neither, if they gain no more than noise
    does (`luck`). The policy has its `best_probability`, where noise has been allowed for.

    Args:
        logs: (R, 5 + K) log losses by `PROBABILITIES`, and those of K rivals.
        noise: that of these trials. If it is unknown, any gain above `RESOLUTION` counts.
        penalty: of `best_probability`.
    """
    gains = effects(logs)
    own, others = gains[: len(_TRIED)], gains[len(_TRIED) :]
    best, error = gains.max().item(), noise.error(len(logs))
    p_value = 1.0 if best <= 0 else 0.0
    if error and best > 0:
        p_value = luck(gains.numpy() / error, noise.freedom)
    probability, rival = 0.0, None
    if best > RESOLUTION and p_value <= 1 - CONFIDENCE:
        probability = best_probability(-logs[:, 1 : len(PROBABILITIES)], penalty)
        # Each is taken at its best: a value at the shrunk probability is no match for one as found.
        if len(others) and others.max().item() > own.max().item() + RESOLUTION:
            probability, rival = 0.0, int(others.argmax())
    return Choice(probability, rival, gains, p_value, differ(own, len(logs), noise), noise)


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


def best_probability(rewards: Tensor, penalty: float) -> float:
    """The maximum of the expected reward less the divergence from where a search starts, 1/2.

    The reward is a parabola in the probability (least squares). As everywhere, it is shrunk as far
    as it may be noise (`reliability_limit`): what rounds do not agree on leaves 1/2.

    Args:
        rewards: (R, 4) log losses saved at each probability above 0, against any reference that is
            the same within a round.
        penalty: weight of the divergence of one image's draws.

    Examples:
        >>> import torch
        >>> best_probability(torch.tensor([[0.0, 0.1, 0.3, 0.3], [0.3, 0.2, 0.1, 0.0]]), 0.0)
        0.5
        >>> best_probability(torch.tensor([[0.0, 0.2, 0.3, 0.3], [0.0, 0.2, 0.3, 0.3]]), 0.0)
        0.85
    """
    means = rewards.mean(0)
    shrunk = (reliability_limit(rewards) * (means - means.mean())).numpy()
    grid = np.linspace(_TRIED[0], _TRIED[-1], 16).round(2)
    divergence = np.log(2) - entr(grid) - entr(1 - grid)
    value = np.polyval(_parabola(shrunk), grid) - penalty * divergence
    # Rounding decides where a flat parabola has its maximum.
    best = grid[value >= value.max() - RESOLUTION / 100]
    return float(best[np.abs(best - 0.5).argmin()])


def _parabola(gains: np.ndarray) -> np.ndarray:
    """Coefficients of the parabola through the gains of the probabilities (least squares)."""
    return np.polyfit(_TRIED, gains, 2)
