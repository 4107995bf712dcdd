"""How the policy distribution follows its gradient."""

from __future__ import annotations

from typing import Any, Protocol

import torch

from dada.searching.distribution import PolicyDistribution
from dada.searching.sample import Groups


class Update(Protocol):
    """A strategy: one ascent step of the distribution on the expected reward."""

    def __call__(self, gradients: Groups) -> None:
        """Follow the gradients of the expected reward."""

    def state_dict(self) -> dict[str, Any]:
        """What has been accumulated over the steps."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""


class AdamUpdate:
    """Adam on −∇E[ρ] (the paper, section 4).

    The hypergradient is −ξ ∇E[ρ], ξ the child's learning rate. As in the published code, ξ is left
    out. Adam's memory of a gradient's size, a thousand steps, is longer than a search: with ξ the
    policy would slow down with the child's learning rate, and hardly move at its end.

    Adam divides every coordinate by its own size. Where the gradient is mostly noise, that is the
    size of the noise, which is similar for all; where it is not, every coordinate moves at the same
    pace whatever its gradient, and the ranking of the sub-policies suffers (docs/results.md).
    """

    def __init__(
        self, distribution: PolicyDistribution, lr: float, betas: tuple[float, float]
    ) -> None:
        self.distribution = distribution
        self.optimiser = torch.optim.Adam(distribution.parameters(), lr, betas)

    def __call__(self, gradients: Groups) -> None:
        """See `Update`."""
        self.optimiser.zero_grad()
        self.distribution.accumulate(gradients, -1.0)
        self.optimiser.step()
        self.distribution.clip()

    def state_dict(self) -> dict[str, Any]:
        """Adam's moments."""
        return self.optimiser.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.optimiser.load_state_dict(state)


class NaturalUpdate:
    """Natural gradient ascent: a logit moves by lr times the difference it makes to the reward.

    After T steps on unchanging rewards R a sub-policy's weight is proportional to
    exp(lr · T · R): order and proportions are kept. Steps are in units of a reward's usual size:
    what makes little difference moves little.

    Args:
        distribution: kept as logits.
        lr: change of a logit per unit of reward.
    """

    def __init__(self, distribution: PolicyDistribution, lr: float) -> None:
        self.distribution = distribution
        self.lr = lr

    @torch.no_grad()
    def __call__(self, gradients: Groups) -> None:
        """See `Update`."""
        natural = self.distribution.natural(gradients)
        for parameter, direction in zip(self.distribution.parameters(), natural.all(), strict=True):
            parameter.add_(direction, alpha=self.lr)
        self.distribution.clip()

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing."""
