"""One step of DADA: draw, train gradient, look ahead, reward, hypergradient, two updates."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from dada.augment import Pipeline, apply
from dada.bilevel import Hypergradient, Rewards, Trace
from dada.compute.distributed import ALONE, Processes
from dada.models.child import Child, clipped
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.one_step.gradients import PolicyGradient
from dada.searching.methods.dada.one_step.outcome import (
    Batch,
    MagnitudeDerivative,
    Outcome,
    relaxed_derivatives,
)
from dada.searching.methods.dada.one_step.scale import RewardScale
from dada.searching.methods.dada.one_step.updates import Update
from dada.tasks import task_of

_SGD = ("momentum", "weight_decay", "nesterov", "dampening")  # what the look-ahead must know of it


@dataclass
class Step:
    """The parts of a step, each replaceable; the step never asks which one it got.

    Attributes:
        child: the child network.
        optimiser: SGD on the child's weights, with one parameter group.
        distribution: the policy distribution.
        update: how the distribution follows its gradient.
        policy_gradient: the estimator.
        hypergradient: where the validation gradient is taken, and the rewards from it.
        trace: takes the rewards of a single view from the training gradient's own backward pass
            instead; None if more than these is needed.
        magnitude_derivative: of the rewards with respect to fixed or smooth magnitudes; None if all
            are sampled and have a score.
        pipeline: what surrounds the policy.
        generator: CPU generator of the policy's draws, the same in all processes.
        own_generator: CPU generator of all else that is random about this process's images; the
            same object in a single process.
        views: draws per image, or per batch.
        one_draw: whether a draw is for a whole batch, as in the paper, instead of one image.
        clip: largest norm of the weights' gradient; 0 for none.
        scale: running statistics of the rewards.
        processes: those that share every batch; each draws for all and works on its part.
    """

    child: Child
    optimiser: torch.optim.SGD
    distribution: PolicyDistribution
    update: Update
    policy_gradient: PolicyGradient
    hypergradient: Hypergradient
    trace: Trace | None
    magnitude_derivative: MagnitudeDerivative | None
    pipeline: Pipeline
    generator: torch.Generator
    own_generator: torch.Generator
    views: int
    one_draw: bool
    clip: float
    scale: RewardScale
    processes: Processes = ALONE

    def __post_init__(self) -> None:
        groups = self.optimiser.param_groups
        if len(groups) != 1 or groups[0]["maximize"]:
            raise ValueError("the look-ahead follows SGD that minimises, with one parameter group")

    def __call__(
        self, images: Tensor, labels: Tensor, valid_images: Tensor, valid_labels: Tensor
    ) -> Tensor:
        """Update policy and network once.

        Args:
            images, valid_images: uint8 (B, C, H, W) on the child's device, of all processes.
            labels, valid_labels: int64 (B,), or float32 (B, L).

        Returns:
            (3,) on the device: training loss; loss and accuracy on the validation images at the
            look-ahead.
        """
        batch = self._draw(images)
        labels = self.processes.shard(labels)
        # The network learns from the first view; the others only measure rewards.
        seen = batch.augmented[: len(labels)] * batch.mask[: len(labels)]
        with self.trace or nullcontext():
            loss, gradient, _ = self.child.gradient(seen, labels)
        self.processes.average([loss, *gradient.values()], len(labels) / len(images))
        gradient = clipped(gradient, self.clip)

        sgd = self.optimiser.param_groups[0]
        ahead = self.hypergradient.ahead(
            self.child.parameters,
            gradient,
            self._momentum_buffers(),
            sgd["lr"],
            **{name: sgd[name] for name in _SGD},
        )
        valid = self.pipeline.normalise(self.processes.shard(valid_images))
        share = len(valid) / len(valid_images)
        valid_labels = self.processes.shard(valid_labels)
        valid_loss, direction, logits = self.child.gradient(valid, valid_labels, ahead)
        accuracy = task_of(valid_labels).accuracy(logits, valid_labels).mean()
        self.processes.average([valid_loss, accuracy, *direction.values()], share)

        outcome = self._outcome(batch, self._rewards(batch, labels, direction))
        self.update(self.policy_gradient(batch.sample, outcome))
        # SGD with the gradient that the look-ahead used: nothing is computed twice.
        self.child.descend(self.optimiser, gradient)
        return torch.stack([loss, valid_loss, accuracy])

    def _draw(self, images: Tensor) -> Batch:
        """Crop and flip, then draws for each image or, as in the paper, for all.

        Views of an image differ only in the draw, so that rewards differ only because of it.
        """
        count = len(images)
        original = self.pipeline.before_policy(self.processes.shard(images), self.own_generator)
        mask = self.pipeline.cutout_mask(original, self.own_generator)
        draws = self.views if self.one_draw else self.views * count
        sample = self.distribution.sample(draws, self.generator)
        index = torch.arange(draws).repeat_interleave(self.views * count // draws)
        mine = self.processes.shard(torch.arange(count))
        index = index.view(self.views, count)[:, mine].flatten()
        draw = self.distribution.realise(sample, index, self.own_generator)
        original = original.repeat(self.views, 1, 1, 1)
        mask = mask.expand(len(mine), -1, -1, -1).repeat(self.views, 1, 1, 1)
        afterwards = self.pipeline.after_policy(len(mine), self.own_generator, self.views)

        def prepare(images: Tensor) -> Tensor:
            return self.pipeline.normalise(afterwards(images))

        augmented, whole = prepare(apply(original, draw)), self.views * count
        return Batch(
            sample=sample,
            index=index,
            draw=draw,
            original=original,
            augmented=augmented,
            mask=mask,
            prepare=prepare,
            whole=whole,
            processes=self.processes,
        )

    def _rewards(self, batch: Batch, labels: Tensor, direction: dict[str, Tensor]) -> Rewards:
        """Rewards of all views, each view as a separate batch."""
        if self.trace:
            return Rewards(self.trace.rewards(direction))
        wanted = self.policy_gradient.needs_derivatives or self.magnitude_derivative is not None

        def of(augmented: Tensor, mask: Tensor) -> Rewards:
            return self.hypergradient.rewards(
                lambda weights, x: self.child.losses(weights, x * mask, labels, reverse=wanted),
                self.child.parameters,
                direction,
                augmented,
                image_gradient=wanted,
            )

        size = len(labels)
        return Rewards.join(map(of, batch.augmented.split(size), batch.mask.split(size)))

    def _outcome(self, batch: Batch, rewards: Rewards) -> Outcome:
        """What the draws earned, against what draws usually earn."""
        advantage, unit = self.scale(batch.per_draw(rewards.value).view(self.views, -1))
        selection = applied = magnitude = None
        if rewards.image_gradient is not None:
            scaled = rewards.image_gradient / unit.to(rewards.image_gradient)
            if self.policy_gradient.needs_derivatives:
                selection, applied = relaxed_derivatives(batch, scaled)
            if self.magnitude_derivative is not None:
                magnitude = self.magnitude_derivative(batch, scaled)
        return Outcome(advantage.flatten(), selection, applied, magnitude)

    def _momentum_buffers(self) -> dict[str, Tensor]:
        states = {n: self.optimiser.state.get(p, {}) for n, p in self.child.parameters.items()}
        return {n: s["momentum_buffer"] for n, s in states.items() if "momentum_buffer" in s}
