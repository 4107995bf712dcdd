"""How the controller learns from rewards: proximal policy optimisation (Schulman et al. 2017)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dada.compute.threads import threads_for
from dada.searching.methods.autoaugment.controller import Controller, Rated

CLIP = 0.2
"""How far the chance of a decision may move before it is rewarded no more; AutoAugment does not
give it, this is Schulman's."""
ENTROPY = 1e-5
"""Weight of the entropy in the objective (AutoAugment, section 3.2)."""
MEMORY = 0.95
"""Of the baseline, an exponential moving average of the rewards (section 3.2)."""
_TINY = 1e-12  # rewards that are all alike teach nothing


def objective(rated: Rated, before: Tensor, advantages: Tensor) -> Tensor:
    """What PPO maximises: the clipped gain of the decisions, and a little of their entropy.

    Where the controller is still the one that drew, its gradient is REINFORCE's.

    Args:
        rated: of B children's T decisions, by the controller that learns.
        before: (B, T) their log-probabilities under the controller that drew them.
        advantages: (B,) of the children; all decisions of a child share its own.
    """
    ratio, earned = (rated.log_probability - before).exp(), advantages[:, None]
    gain = torch.minimum(ratio * earned, ratio.clamp(1 - CLIP, 1 + CLIP) * earned)
    return (gain + ENTROPY * rated.entropy).sum(1).mean()


def normalised(advantages: Tensor) -> Tensor:
    """The advantages of a batch, (B,), scaled to a mean square of 1.

    Their mean is not subtracted: that would subtract the baseline again.
    """
    return advantages / advantages.square().mean().clamp_min(_TINY).sqrt()


class Learner:
    """A controller, its optimiser and the baseline of its rewards.

    Args:
        controller: learns in place.
        lr: Adam's learning rate.
        epochs: steps of Adam per batch of children.
    """

    def __init__(self, controller: Controller, lr: float, epochs: int) -> None:
        self.controller, self.epochs = controller, epochs
        self.optimiser = torch.optim.Adam(controller.parameters(), lr=lr)
        self.baseline: float | None = None

    def learn(self, decisions: Tensor, rewards: Tensor) -> float:
        """Follow the rewards of children that this controller drew.

        Args:
            decisions: (B, T).
            rewards: (B,) float64.

        Returns:
            The baseline that they were compared with; for the first children, their own mean.
        """
        baseline = rewards.mean().item() if self.baseline is None else self.baseline
        advantages = normalised(rewards - baseline)
        with threads_for(self.controller, torch.device("cpu")):
            before = self.controller(decisions).log_probability.detach()
            for _ in range(self.epochs):
                self.optimiser.zero_grad()
                (-objective(self.controller(decisions), before, advantages)).backward()
                self.optimiser.step()
        self.baseline = baseline
        for reward in rewards.tolist():
            self.baseline = MEMORY * self.baseline + (1 - MEMORY) * reward
        return baseline

    def state_dict(self) -> dict[str, Any]:
        """All that further learning depends on."""
        return {
            "controller": self.controller.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "baseline": self.baseline,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""
        self.controller.load_state_dict(state["controller"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.baseline = state["baseline"]
