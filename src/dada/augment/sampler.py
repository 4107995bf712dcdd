"""Draws from a fixed policy."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

import torch
from torch import Tensor

from dada.augment.draw import Choice, Draw, Table
from dada.ops import get
from dada.policy import Policy

_EPS = 1e-12  # magnitudes of 0 and 1 have no logit


class Sampler:
    """Draws from a policy.

    Args:
        policy: the policy; it is converted to tensors once. Of a schedule, the policy of an epoch.

    Examples:
        >>> import torch
        >>> from dada import load_policy
        >>> sample = Sampler(load_policy("dada-cifar10"))
        >>> draw = sample(128, torch.Generator().manual_seed(0))
        >>> draw.operation.shape  # two operations for each of 128 images
        torch.Size([128, 2])
    """

    def __init__(self, policy: Policy) -> None:
        policy = policy.chosen(None)  # refuses a schedule, and says how to choose an epoch
        names = [[o.name for o in s.operations] for s in policy.sub_policies]
        self._table = Table.of(names, policy.scale)
        self._cumulative = _numbers(policy.weights).cumsum(0)
        self._cumulative[-1] = 1.0  # in spite of rounding; noise is below 1
        self._probability, self._magnitude, self._spread = (
            _padded(policy, attribute) for attribute in ("probability", "magnitude", "spread")
        )
        self._bounds = self._cumulative.tolist()
        lines = {name: policy.scale.lines(get(name)) for name in self._table.operations}
        self._plain = [
            [(o.name, o.probability, o.magnitude, o.spread, lines[o.name]) for o in s.operations]
            for s in policy.sub_policies
        ]

    def __call__(self, count: int, generator: torch.Generator | None = None) -> Draw:
        """One independent draw for each of `count` images.

        Args:
            generator: a CPU generator. The default is PyTorch's global one, which a DataLoader
                seeds differently in every worker.
        """

        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, dtype=torch.float64, device="cpu", generator=generator)

        chosen = torch.searchsorted(self._cumulative, uniform(count), right=True)
        shape = (count, self._probability.shape[1])
        return self._table.realise(
            chosen,
            uniform(*shape) < self._probability[chosen],
            random_magnitude(self._magnitude[chosen], self._spread[chosen], uniform(*shape)),
            uniform(*shape) < 0.5,
            uniform(*shape, 2),
        )

    def one(self) -> list[Choice]:
        """A draw for one image in plain numbers: the same as `self(1)` would draw.

        It uses PyTorch's global generator and is ten times as fast, which matters when a worker
        augments small pictures one by one.
        """
        K = self._probability.shape[1]
        u = torch.rand(1 + 5 * K, dtype=torch.float64, device="cpu").tolist()
        applied, strength, side, place = u[1:], u[1 + K :], u[1 + 2 * K :], u[1 + 3 * K :]
        found: list[Choice] = []
        operations = self._plain[bisect_right(self._bounds, u[0])]
        for k, (name, probability, magnitude, spread, lines) in enumerate(operations):
            if applied[k] < probability:
                random = _sigmoid(_logit(magnitude) + spread * _logit(strength[k]))
                offset, slope = lines[side[k] < 0.5]
                value = offset + slope * (random if spread > 0 else magnitude)
                found.append((name, value, (place[2 * k], place[2 * k + 1])))
        return found


def _logit(p: float) -> float:
    p = min(max(p, _EPS), 1 - _EPS)
    return math.log(p / (1 - p))


def _sigmoid(x: float) -> float:
    e = math.exp(-abs(x))  # never of a positive number: a large spread would overflow
    return (1 if x > 0 else e) / (1 + e)


def random_magnitude(magnitude: Tensor, spread: Tensor, u: Tensor) -> Tensor:
    """sigmoid(logit(magnitude) + spread · Logistic(u)); if spread is 0, the magnitude itself.

    Examples:
        A spread of 1 around 0.5 returns the uniform noise itself:

        >>> import torch
        >>> u = torch.tensor([0.1, 0.5, 0.8])
        >>> random_magnitude(torch.tensor(0.5), torch.tensor(1.0), u)
        tensor([0.1000, 0.5000, 0.8000])
        >>> random_magnitude(torch.tensor(0.3), torch.tensor(0.0), u)
        tensor([0.3000, 0.3000, 0.3000])
    """
    logit = torch.special.logit
    random = (logit(magnitude, eps=_EPS) + spread * logit(u, eps=_EPS)).sigmoid()
    return torch.where(spread > 0, random, magnitude)


def _padded(policy: Policy, attribute: str) -> Tensor:
    """One number per operation as (S, K) float64; 0 beyond the end of shorter sub-policies."""
    rows = [[getattr(o, attribute) for o in s.operations] for s in policy.sub_policies]
    length = policy.length
    rows = [row + [0.0] * (length - len(row)) for row in rows]
    return _numbers(rows)


def _numbers(values: Sequence[float] | Sequence[Sequence[float]]) -> Tensor:
    """Float64 on the CPU, whatever the user's default type and device."""
    return torch.tensor(values, dtype=torch.float64, device="cpu")
