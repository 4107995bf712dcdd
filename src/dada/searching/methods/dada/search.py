"""A search in progress: built from data and settings, advanced an epoch at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import nn

from dada.augment import Pipeline
from dada.bilevel import Trace, exact, finite_difference, first_order, traceable
from dada.compute.device import best_precision
from dada.compute.distributed import ALONE, Processes
from dada.compute.randomness import random_state, restore_random_state, stream
from dada.compute.threads import parameter_count, threads_for
from dada.datasets import ImageSet, even_batches
from dada.errors import DivergedError
from dada.models.child import Child, Loss
from dada.policy import Policy
from dada.report.numbers import count
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.converged import settled
from dada.searching.methods.dada.gradients import (
    CriticGradient,
    GumbelSoftmaxGradient,
    PolicyGradient,
    ReinforceGradient,
    RelaxGradient,
)
from dada.searching.methods.dada.gradients.relax import ControlVariate
from dada.searching.methods.dada.outcome import pathwise, straight_through
from dada.searching.methods.dada.scale import RewardScale
from dada.searching.methods.dada.step import Step
from dada.searching.methods.dada.updates import AdamUpdate, NaturalUpdate, Update
from dada.searching.settings import Settings, search_space

HYPERGRADIENTS = {
    "exact": exact,
    "traced": exact,
    "finite-difference": finite_difference,
    "first-order": first_order,
}
MAGNITUDES = {"sampled": None, "straight-through": straight_through, "pathwise": pathwise}


class Search:
    """The state of a search, and how it advances.

    Args:
        settings: complete (`for_dataset`).
        train: images that the child network learns from.
        valid: images that the policy is judged by.
        model: the child network; its weights are trained in place.
        pipeline: the data pipeline around the policy.
        device: where the child network runs. The policy distribution stays on the CPU: a few
            hundred numbers.
        processes: that share every batch. They draw alike, so that the distribution, its update
            and the weights are the same in all of them.
        loss: of each image, from its logits; None is the usual one for the labels.
    """

    def __init__(
        self,
        settings: Settings,
        train: ImageSet,
        valid: ImageSet,
        model: nn.Module,
        pipeline: Pipeline,
        device: torch.device,
        processes: Processes = ALONE,
        loss: Loss | None = None,
    ) -> None:
        self.settings = settings
        self.train, self.valid = train.to(device), valid.to(device)
        self.epoch = 0
        self.plan = list(settings.plan or [settings.epochs] * settings.epochs)
        """For each epoch, how many epochs in all were planned when it was made."""
        self.processes = processes
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.own_generator = (
            self.generator
            if processes.size == 1
            else torch.Generator().manual_seed(stream(settings.seed, 1 + 2 * processes.rank))
        )
        precision = best_precision(device, settings.precision)
        self.child = Child(
            model, device, precision, loss or train.task.loss(train.labels, settings.balance)
        )
        self.distribution = PolicyDistribution(
            search_space(settings), settings.spread, settings.parameters == "direct"
        )
        self.optimiser = torch.optim.SGD(
            self.child.parameters.values(),
            settings.lr,
            settings.momentum,
            weight_decay=settings.weight_decay,
        )
        self.update = policy_update(self.distribution, settings)
        self.policy_gradient = policy_gradient(self.distribution, settings)
        self.scale = RewardScale()
        self.step = Step(
            self.child,
            self.optimiser,
            self.distribution,
            self.update,
            self.policy_gradient,
            HYPERGRADIENTS[settings.hypergradient],
            self._trace(pipeline),
            MAGNITUDES[settings.magnitudes],
            pipeline,
            self.generator,
            self.own_generator,
            settings.views,
            settings.draws == "batch",
            settings.clip,
            self.scale,
            processes,
        )

    def _trace(self, pipeline: Pipeline) -> Trace | None:
        """Where nothing but the rewards of one view is wanted.

        Derivatives in the images need a pass of their own, and so do further views, whose
        rewards must be of the same kind to be compared.
        """
        s, model = self.settings, self.child.model
        derivatives = self.policy_gradient.needs_derivatives or MAGNITUDES[s.magnitudes]
        wanted = s.hypergradient == "traced" and s.views == 1 and not derivatives
        if not wanted or not traceable(model):
            return None
        few = self.train.subset(torch.arange(min(16, len(self.train)))).images
        return Trace(model, pipeline.normalise(few))

    unit, method = "epoch", "DADA"

    @property
    def length(self) -> int:
        """Epochs in all."""
        return len(self.plan)

    @property
    def steps(self) -> list[int]:
        """Steps of each epoch."""
        return [self.steps_per_epoch] * self.length

    def rest(self) -> float:
        """What is left to do, in epochs."""
        return self.length - self.epoch

    def replan(self, factor: float, most: int) -> None:
        """Make the rest so many times as many epochs, `most` in all at most.

        The learning rate falls from where it is to its end in the epochs that are left.
        """
        length = min(most, self.epoch + int(factor * self.rest()))
        self.plan[self.epoch :] = [length] * (length - self.epoch)

    def changed_plan(self) -> dict[str, Any]:
        """The setting that repeats this search, where a budget changed its plan."""
        s = self.settings
        return (
            {} if self.plan == list(s.plan or [s.epochs] * s.epochs) else {"plan": list(self.plan)}
        )

    def plan_in_words(self) -> str:
        """How much is left."""
        return f"the search has {count(self.length, 'epoch')} in all"

    @property
    def parameter_count(self) -> int:
        """Weights of the child network."""
        return parameter_count(self.child.model)

    def words(self) -> str:
        """What is done, for people."""
        epochs, steps = count(self.length, "epoch"), count(self.steps_per_epoch, "step")
        return f"{self.settings.model}, {epochs} of {steps} of up to {self.settings.batch} images"

    def settled(self, done: Sequence[dict[str, Any]]) -> str | None:
        """Why to stop early, after these epochs; None to go on."""
        return settled(done, self.settings.settled)

    @property
    def steps_per_epoch(self) -> int:
        """Batches that the training half makes."""
        return len(even_batches(torch.arange(len(self.train)), self.settings.batch))

    def run_epoch(self, on_step: Callable[[int], None] | None = None) -> dict[str, Any]:
        """Advance by one epoch.

        Args:
            on_step: called after each step with its number in the epoch, from 1.

        Returns:
            What happened, as plain data: losses, accuracy, the distribution. The validation
            images' are what the steps met: fresh batches at the look-ahead weights.

        Raises:
            DivergedError: something is not finite. The search must go on from a checkpoint.
        """
        started = time.perf_counter()
        self._set_learning_rate()
        losses = []
        order = torch.randperm(len(self.train), generator=self.generator)
        with threads_for(self.child.model, self.child.device):
            for number, rows in enumerate(even_batches(order, self.settings.batch), 1):
                # A fresh random batch; the published code takes the same first one every time.
                chosen = torch.randperm(len(self.valid), generator=self.generator)
                valid = self.valid.subset(chosen[: self.settings.batch])
                batch = self.train.subset(rows)
                losses.append(self.step(batch.images, batch.labels, valid.images, valid.labels))
                if on_step:
                    on_step(number)
        train_loss, valid_loss, accuracy = torch.stack(losses).mean(0).tolist()
        self.epoch += 1
        self._check_finite(train_loss, valid_loss)
        return {
            "event": "epoch",
            "epoch": self.epoch,
            "steps": len(losses),
            "seconds": round(time.perf_counter() - started, 3),
            "train_loss": train_loss,
            "validation_loss": valid_loss,
            "validation_accuracy": accuracy,
            **self.distribution.record(),
        }

    def _set_learning_rate(self) -> None:
        """A cosine from `lr` in the first epoch to a little above `lr_min` in the last.

        The published code is an epoch ahead: 0.0994 to 0.001 where this is 0.1 to 0.0016.
        """
        s = self.settings
        cosine = (1 + math.cos(math.pi * self._progress())) / 2
        for group in self.optimiser.param_groups:
            group["lr"] = s.lr_min + (s.lr - s.lr_min) * cosine if s.lr > s.lr_min else s.lr

    def _progress(self) -> float:
        """Where the schedule is, from 0 to 1: exactly epoch / epochs under a plan that stays."""
        progress = Fraction(0)
        for epoch, planned in enumerate(self.plan[: self.epoch]):
            progress += (1 - progress) / (planned - epoch)
        return float(progress)

    def _check_finite(self, *losses: float) -> None:
        parameters = self.distribution.parameters()
        if not all(map(math.isfinite, losses)) or not all(
            p.isfinite().all().item() for p in parameters
        ):
            raise DivergedError(f"the loss is not a finite number in epoch {self.epoch}")

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy as it stands."""
        s = self.settings
        assert s.keep
        return self.distribution.policy(s.keep, s.uniform_weights, name, provenance)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next epoch depends on."""
        return {
            "epoch": self.epoch,
            "plan": list(self.plan),
            "model": self.child.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "distribution": self.distribution.state_dict(),
            "update": self.update.state_dict(),
            "policy_gradient": self.policy_gradient.state_dict(),
            "reward_statistics": self.scale.statistics,
            "generator": self.generator.get_state(),
            "random": self.processes.all_gather(
                random_state(self.own_generator, self.child.device)
            ),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.epoch, self.plan = state["epoch"], list(state.get("plan", self.plan))
        self.child.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.distribution.load_state_dict(state["distribution"])
        self.update.load_state_dict(state["update"])
        self.policy_gradient.load_state_dict(state["policy_gradient"])
        self.scale.statistics = state["reward_statistics"]
        self.generator.set_state(state["generator"])
        own = state["random"][self.processes.rank]
        restore_random_state(own, self.own_generator, self.child.device)


def policy_gradient(distribution: PolicyDistribution, settings: Settings) -> PolicyGradient:
    """The estimator that the settings name."""
    table = distribution.table
    if settings.estimator == "critic":
        return CriticGradient(table, distribution.spread, settings.memory)
    if settings.estimator == "reinforce":
        return ReinforceGradient()
    if settings.estimator == "gumbel-softmax":
        return GumbelSoftmaxGradient(settings.temperature)
    size, length = table.operation.shape
    control = ControlVariate(size, length, settings.hidden, settings.temperature)
    taught = torch.optim.Adam(control.parameters(), settings.control_lr, settings.betas)
    return RelaxGradient(control, taught)


def policy_update(distribution: PolicyDistribution, settings: Settings) -> Update:
    """The way that the settings name of following the gradient."""
    if settings.update == "natural":
        return NaturalUpdate(distribution, settings.policy_lr)
    return AdamUpdate(distribution, settings.policy_lr, settings.betas)
