"""One step of DADA: draw, train gradient, look ahead, reward, hypergradient, two updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dada.augment import Draw, Pipeline, apply
from dada.bilevel import Rewards, look_ahead
from dada.models.child import Child
from dada.searching.distribution import PolicyDistribution, Sample
from dada.searching.gradients import Outcome, PolicyGradient

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
        sample, index, draw, original = self._draw(images)
        mask = self.pipeline.cutout_mask(original, self.generator)
        augmented = self.pipeline.normalise(apply(original, draw))
        loss, gradient = self.child.gradient(augmented * mask, labels)

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

        derivatives = self.policy_gradient.needs_derivatives
        rewards = self.reward_function(
            lambda weights, x: self.child.losses(weights, x * mask, labels),
            self.child.parameters,
            direction,
            augmented,
            image_gradient=derivatives or self.straight_through,
        )
        outcome = self._outcome(rewards, sample, index, draw, original, augmented, derivatives)
        self._update_policy(sample, outcome, learning["lr"])
        self._update_weights(gradient)
        return loss, valid_loss

    def _draw(self, images: Tensor) -> tuple[Sample, Tensor, Draw, Tensor]:
        """The sample, which draw each image gets, the draws, and the images before the policy."""
        original = self.pipeline.crop_and_flip(images, self.generator)
        count = len(images)
        sample = self.distribution.sample(1 if self.one_draw else count, self.generator)
        index = torch.zeros(count, dtype=torch.long) if self.one_draw else torch.arange(count)
        return sample, index, self.distribution.realise(sample, index, self.generator), original

    def _outcome(
        self,
        rewards: Rewards,
        sample: Sample,
        index: Tensor,
        draw: Draw,
        original: Tensor,
        augmented: Tensor,
        derivatives: bool,
    ) -> Outcome:
        """The mean over each draw's images of their rewards and derivatives, in usual units."""
        draws = len(sample.sub_policy)
        share = draws / len(index)

        def per_draw(per_image: Tensor) -> Tensor:
            per_image = per_image.detach().double().cpu()
            total = torch.zeros(draws, *per_image.shape[1:], dtype=torch.float64)
            return total.index_add_(0, index, per_image) * share

        reward = per_draw(rewards.value)
        # In units of its usual size, so that the control variate need not chase it and the
        # policy's Adam is not dominated by the first steps, when losses are largest. (The
        # published code takes rewards as they are.)
        square = reward.square().mean()
        scale = self.reward_scale if self.reward_scale > 0 else square
        unit = scale.sqrt().clamp_min(1e-30)
        self.reward_scale = torch.lerp(scale, square, 0.05)

        def inner(difference: Tensor) -> Tensor:
            assert rewards.image_gradient is not None
            return per_draw((rewards.image_gradient * difference).flatten(1).sum(1)) / unit

        magnitude = inner(torch.ones_like(augmented)) if self.straight_through else None
        if magnitude is not None:
            magnitude = magnitude[:, None].expand(-1, draw.applied.shape[1])
        if not derivatives:
            return Outcome(reward / unit, magnitude_derivative=magnitude)

        def bit(k: int) -> Tensor:
            """Image with operation k less image without it: the relaxation is multilinear."""
            flip = draw.applied.clone()
            flip[:, k] = ~flip[:, k]
            other = self.pipeline.normalise(apply(original, replace(draw, applied=flip)))
            sign = torch.where(draw.applied[:, k], 1.0, -1.0).to(other.device)
            return inner(sign[:, None, None, None] * (augmented - other))

        return Outcome(
            reward / unit,
            inner(augmented - self.pipeline.normalise(original)),
            torch.stack([bit(k) for k in range(draw.applied.shape[1])], dim=1),
            magnitude,
        )

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
