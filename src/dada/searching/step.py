"""One step of DADA: draw, train gradient, look ahead, reward, hypergradient, two updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dada.augment import Pipeline, apply
from dada.bilevel import Rewards, look_ahead
from dada.models.child import Child
from dada.searching.distribution import PolicyDistribution, Sample
from dada.searching.gradients import PolicyGradient
from dada.searching.outcome import Batch, Outcome, outcome

RewardFunction = Callable[..., Rewards]


@dataclass
class Step:
    """The parts of a step, each replaceable: what the step never asks is which one it got.

    Attributes:
        child: the child network.
        optimiser: SGD of the child's weights.
        distribution: the policy distribution.
        policy_optimiser: of the distribution's parameters.
        policy_gradient: the estimator.
        reward_function: `exact_rewards` or `finite_difference_rewards`.
        pipeline: crop, flip, normalise, Cutout.
        generator: CPU generator of all randomness.
        one_draw: one draw a batch, as in the paper, or one an image.
        straight_through: magnitudes by ∂image/∂magnitude = 1.
        clip: largest norm of the weights' gradient.
        reward_scale: running mean square of the rewards.
    """

    child: Child
    optimiser: torch.optim.SGD
    distribution: PolicyDistribution
    policy_optimiser: torch.optim.Optimizer
    policy_gradient: PolicyGradient
    reward_function: RewardFunction
    pipeline: Pipeline
    generator: torch.Generator
    one_draw: bool
    straight_through: bool
    clip: float
    reward_scale: Tensor

    def __call__(
        self, images: Tensor, labels: Tensor, valid_images: Tensor, valid_labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Update policy and network once.

        Args:
            images, valid_images: uint8 (B, C, H, W) on the child's device.
            labels, valid_labels: int64 (B,).

        Returns:
            Training loss and validation loss at the look-ahead, scalars on the device.
        """
        batch = self._draw(images)
        loss, gradient = self.child.gradient(batch.augmented * batch.mask, labels)

        learning = self.optimiser.param_groups[0]
        ahead = look_ahead(
            self.child.parameters,
            gradient,
            self._momentum_buffers(),
            learning["lr"],
            learning["momentum"],
            learning["weight_decay"],
        )
        valid = self.pipeline.normalise(valid_images)
        valid_loss, direction = self.child.gradient(valid, valid_labels, ahead)

        relaxed = self.policy_gradient.needs_derivatives
        rewards = self.reward_function(
            lambda weights, x: self.child.losses(weights, x * batch.mask, labels),
            self.child.parameters,
            direction,
            batch.augmented,
            image_gradient=relaxed or self.straight_through,
        )
        unit = self._usual_size(batch.per_draw(rewards.value))
        found = outcome(batch, rewards, unit, self.pipeline, relaxed, self.straight_through)
        self._update_policy(batch.sample, found, learning["lr"])
        self._update_weights(gradient)
        return loss, valid_loss

    def _draw(self, images: Tensor) -> Batch:
        """Crop and flip, then a draw for each image or, as in the paper, one for all."""
        original = self.pipeline.crop_and_flip(images, self.generator)
        count = len(images)
        sample = self.distribution.sample(1 if self.one_draw else count, self.generator)
        index = torch.zeros(count, dtype=torch.long) if self.one_draw else torch.arange(count)
        draw = self.distribution.realise(sample, index, self.generator)
        mask = self.pipeline.cutout_mask(original, self.generator)
        augmented = self.pipeline.normalise(apply(original, draw))
        return Batch(sample, index, draw, original, augmented, mask)

    def _usual_size(self, rewards: Tensor) -> Tensor:
        """Running root mean square of the rewards, as it was before this step.

        In its units the control variate need not chase the rewards' size, and the policy's Adam
        is not dominated by the first steps, when losses are largest. (The published code takes
        rewards as they are.)
        """
        square = rewards.square().mean()
        scale = self.reward_scale if self.reward_scale > 0 else square
        self.reward_scale = torch.lerp(scale, square, 0.05)
        return scale.sqrt().clamp_min(1e-30)

    def _update_policy(self, sample: Sample, outcome: Outcome, lr: float) -> None:
        gradients = self.policy_gradient(sample, outcome)
        self.policy_optimiser.zero_grad()
        # ∇d L_val(w') = −ξ · mean over draws of ∇d E[ρ].
        self.distribution.accumulate(sample, gradients, -lr / len(sample.sub_policy))
        self.policy_optimiser.step()
        self.distribution.clip()

    def _update_weights(self, gradient: dict[str, Tensor]) -> None:
        """SGD with the gradient that the look-ahead used: nothing is computed twice."""
        for name, parameter in self.child.parameters.items():
            parameter.grad = gradient[name]
        torch.nn.utils.clip_grad_norm_(self.child.parameters.values(), self.clip)
        self.optimiser.step()

    def _momentum_buffers(self) -> dict[str, Tensor]:
        states = {n: self.optimiser.state.get(p, {}) for n, p in self.child.parameters.items()}
        return {n: s["momentum_buffer"] for n, s in states.items() if "momentum_buffer" in s}
