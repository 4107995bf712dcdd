"""Draws from a fixed policy."""

from __future__ import annotations

import torch
from torch import Tensor

from dada.augment.draw import Draw, Table
from dada.policy import Policy


class Sampler:
    """Draws from a policy, which is turned into tensors once.

    Args:
        policy: what to draw from.
    """

    def __init__(self, policy: Policy) -> None:
        names = [[o.name for o in s.operations] for s in policy.sub_policies]
        self._table = Table.of(names, policy.scale)
        self._cumulative = torch.tensor(policy.weights, dtype=torch.float64).cumsum(0)
        self._cumulative[-1] = 1.0  # whatever the rounding: noise is below 1
        self._probability, self._magnitude, self._spread = (
            _padded(policy, attribute) for attribute in ("probability", "magnitude", "spread")
        )

    def __call__(self, count: int, generator: torch.Generator | None = None) -> Draw:
        """One independent draw for each of `count` images.

        Args:
            generator: a CPU generator; PyTorch's global one by default, which DataLoader seeds
                differently in every worker.
        """

        def uniform(*shape: int) -> Tensor:
            return torch.rand(*shape, dtype=torch.float64, generator=generator)

        chosen = torch.searchsorted(self._cumulative, uniform(count), right=True)
        shape = (count, self._probability.shape[1])
        return self._table.realise(
            chosen,
            uniform(*shape) < self._probability[chosen],
            random_magnitude(self._magnitude[chosen], self._spread[chosen], uniform(*shape)),
            uniform(*shape) < 0.5,
            uniform(*shape, 2),
        )


def random_magnitude(magnitude: Tensor, spread: Tensor, u: Tensor) -> Tensor:
    """sigmoid(logit(magnitude) + spread · Logistic(u)); where spread is 0, the magnitude itself."""
    logit = torch.special.logit
    random = (logit(magnitude, eps=1e-12) + spread * logit(u, eps=1e-12)).sigmoid()
    return torch.where(spread > 0, random, magnitude)


def _padded(policy: Policy, attribute: str) -> Tensor:
    """One number of every operation as (S, K) float64; 0 where a sub-policy is shorter."""
    rows = [[getattr(o, attribute) for o in s.operations] for s in policy.sub_policies]
    rows = [row + [0.0] * (policy.length - len(row)) for row in rows]
    return torch.tensor(rows, dtype=torch.float64)
