"""Faster AutoAugment in progress: a critic and a policy, one epoch at a time."""

from __future__ import annotations

import math
import time
from typing import Any

import torch

from dada.compute.parallel import Tick
from dada.compute.randomness import random_state, restore_random_state
from dada.compute.threads import parameter_count, threads_for
from dada.datasets import Dataset, even_batches
from dada.errors import DivergedError, option
from dada.policy import Policy
from dada.report.numbers import count
from dada.searching.common_settings import ResolvedSearch, SearchSettings
from dada.searching.method import Cost, Record, SearchMethod, SearchProblem
from dada.searching.methods.faster_autoaugment import charts
from dada.searching.methods.faster_autoaugment.critic import Critic
from dada.searching.methods.faster_autoaugment.relaxed import RelaxedPolicy
from dada.searching.methods.faster_autoaugment.settings import (
    FasterAutoAugmentSettings,
    ResolvedFasterAutoAugment,
)
from dada.searching.methods.faster_autoaugment.step import Step

_TIMED_STEPS = 2
_PASSES = 7
"""Forward passes per image and epoch. For each half of a batch: original and augmented images,
3 + 3; the penalty on the slope, a forward and a backward pass in the images, both differentiated
again, 2 × 3; the policy's step, a forward and a backward pass in the images, 2."""
_WAY = 0.3  # what a number of the policy has to be able to move by


class FasterAutoAugmentMethod(SearchMethod):
    """A policy whose images a critic cannot tell from original ones (Hataya et al. 2020).

    No network is trained under a policy. Of each batch one half is augmented; the critic learns to
    tell it from the other half, and the policy to make the two alike, while the critic's classifier
    still sees the right classes.
    """

    name, title = "faster_autoaugment", "Faster AutoAugment"
    Settings = FasterAutoAugmentSettings
    space_in_words = staticmethod(charts.space_in_words)
    summary = staticmethod(charts.summary)
    charts = staticmethod(charts.charts)
    fewest_epochs = 5
    divisible = False
    settings: ResolvedFasterAutoAugment

    def __init__(self, problem: SearchProblem, settings: ResolvedFasterAutoAugment) -> None:
        super().__init__(problem, settings)
        self.images = problem.images.to(problem.device)
        self.plan = list(settings.plan or [settings.epochs] * settings.epochs)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.critic = Critic(problem.network(), len(problem.classes)).to(problem.device)
        self.relaxed = RelaxedPolicy(
            space=problem.space,
            sub_policies=settings.sub_policies,
            temperature=settings.temperature,
            bit_temperature=settings.bit_temperature,
            generator=self.generator,
        )
        betas = settings.betas
        self.optimisers = (
            torch.optim.Adam(self.critic.trainable, lr=settings.lr, betas=betas),
            torch.optim.Adam(self.relaxed.parameters(), lr=settings.policy_lr, betas=betas),
        )
        self.step = Step(
            critic=self.critic,
            policy=self.relaxed,
            critic_optimiser=self.optimisers[0],
            policy_optimiser=self.optimisers[1],
            pipeline=problem.pipeline,
            loss=problem.loss,
            generator=self.generator,
            class_weight=settings.class_weight,
            penalty_weight=settings.penalty_weight,
        )

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches of all images."""
        return len(even_batches(torch.arange(len(self.images)), self.settings.batch))

    @property
    def steps(self) -> list[int]:
        """Steps of each epoch."""
        return [self.steps_per_epoch] * self.length

    @property
    def parameter_count(self) -> int:
        """Number of weights of the critic."""
        return parameter_count(self.critic)

    @property
    def passes(self) -> int:
        """See `SearchMethod.passes`."""
        return _PASSES * self.length * len(self.images)

    def words(self) -> str:
        """See `SearchMethod.words`."""
        epochs, steps = count(self.length, "epoch"), count(self.steps_per_epoch, "step")
        s = self.settings
        return f"critic {s.model}, {epochs} of {steps} of up to {s.batch} images"

    def advance(self, on_step: Tick = lambda: None) -> Record:
        """Advance by one epoch.

        Args:
            on_step: called after each step.

        Returns:
            As `SearchMethod.advance`: ``train_loss`` is of original images, ``validation_loss`` and
            ``validation_accuracy`` are of augmented ones, from which the classifier does not
            learn in that step; with ``distance``, ``penalty`` (`Step`) and what the policy has
            learnt (`RelaxedPolicy.record`). Means over the steps.

        Raises:
            DivergedError: something is not finite.
        """
        started, losses = time.perf_counter(), []
        order = torch.randperm(len(self.images), generator=self.generator)
        with threads_for(self.critic, self.problem.device):
            for rows in even_batches(order, self.settings.batch):
                batch = self.images.subset(rows)
                losses.append(self.step(batch.images, batch.labels))
                on_step()
        means = torch.stack(losses).double().mean(0).tolist()
        self.iteration += 1
        learnt = all(bool(p.isfinite().all()) for p in self.relaxed.parameters())
        if not (learnt and math.isfinite(sum(means))):
            raise DivergedError(f"the loss is not a finite number in epoch {self.iteration}")
        names = ("train_loss", "validation_loss", "validation_accuracy", "distance", "penalty")
        return {
            "event": "epoch",
            "epoch": self.iteration,
            "steps": len(losses),
            "seconds": round(time.perf_counter() - started, 3),
            **dict(zip(names, means, strict=True)),
            **self.relaxed.record(),
        }

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """See `SearchMethod.policy`; `RelaxedPolicy.policy` says how."""
        return self.relaxed.policy(self.settings.keep, name, provenance)

    def headline(self) -> str:
        """``leading: Rotate 12.1%, …``: the three operations of most weight."""
        shares = self.relaxed.shares()
        names = self.problem.space.operations
        best = shares.argsort(descending=True, stable=True)[:3].tolist()
        return "leading: " + ", ".join(f"{names[o]} {shares[o].item():.1%}" for o in best)

    def cost(self) -> Cost:
        """See `SearchMethod.cost`: a few steps are timed, after one to warm up."""
        few = self.images.subset(range(min(self.settings.batch, len(self.images))))
        times = []
        with threads_for(self.critic, self.problem.device):
            for _ in range(1 + _TIMED_STEPS):
                started = time.perf_counter()
                # Reading the losses on the host waits for the device.
                self.step(few.images, few.labels).tolist()
                times.append(time.perf_counter() - started)
        return Cost(1, 0.0, min(times[1:]) * self.steps_per_epoch, shared=False)

    def remaining(self) -> float:
        """See `SearchMethod.remaining`."""
        return self.length - self.iteration

    def replan(self, factor: float, most: int) -> None:
        """Multiply the epochs that are left by `factor`."""
        length = min(most, self.iteration + int(factor * self.remaining()))
        self.plan[self.iteration :] = [length] * (length - self.iteration)

    def plan_in_words(self) -> str:
        """See `SearchMethod.plan_in_words`."""
        return f"the search has {count(self.length, 'epoch')} in all"

    @classmethod
    def notes(
        cls, asked: SearchSettings, chosen: ResolvedSearch, dataset: Dataset, device: torch.device
    ) -> tuple[str, ...]:
        """See `SearchMethod.notes`."""
        if asked.model is not None:
            return ()
        notes: tuple[str, ...] = (
            f"the critic is {chosen.model}, a small network; {option('model')} takes another",
        )
        if asked.pixels is None and chosen.pixels < max(dataset.side):
            other = option("pixels", setting=True)
            notes += (f"the critic sees images at {chosen.pixels} pixels; {other} changes it",)
        return notes

    def cautions(self) -> tuple[str, ...]:
        """See `SearchMethod.cautions`."""
        cautions: tuple[str, ...] = ()
        steps = sum(self.steps)
        if steps * self.settings.policy_lr < _WAY:
            cautions += (
                f"with {count(steps, 'step')} in all, a policy hardly moves from where it begins, "
                f"which is random; more time, {option('epochs')} or {option('images')}, or a "
                f"higher {option('policy_lr', setting=True)}, move it",
            )
        if self.problem.processes.size > 1:
            cautions += ("a search by faster_autoaugment is not shared: one process does it all",)
        return cautions

    def state_dict(self) -> dict[str, Any]:
        """See `SearchMethod.state_dict`."""
        return {
            "epoch": self.iteration,
            "plan": list(self.plan),
            "critic": self.critic.state_dict(),
            "policy": self.relaxed.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "random": random_state(self.generator, self.problem.device),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `SearchMethod.load_state_dict`."""
        self.iteration, self.plan = state["epoch"], list(state["plan"])
        self.critic.load_state_dict(state["critic"])
        self.relaxed.load_state_dict(state["policy"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        restore_random_state(state["random"], self.generator, self.problem.device)
