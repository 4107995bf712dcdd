"""Faster AutoAugment in progress: a critic and a policy, one epoch at a time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dada.compute.randomness import random_state, restore_random_state
from dada.datasets import Dataset, ImageSet
from dada.errors import option
from dada.policy import Policy
from dada.report.numbers import count
from dada.searching.common_settings import ResolvedSearch, SearchSettings
from dada.searching.epochs import Epochs
from dada.searching.method import SearchProblem
from dada.searching.methods.faster_autoaugment import charts
from dada.searching.methods.faster_autoaugment.critic import Critic
from dada.searching.methods.faster_autoaugment.relaxed import RelaxedPolicy
from dada.searching.methods.faster_autoaugment.settings import (
    FasterAutoAugmentSettings,
    ResolvedFasterAutoAugment,
)
from dada.searching.methods.faster_autoaugment.step import Step

_WAY = 0.3  # what a number of the policy has to be able to move by


class FasterAutoAugmentMethod(Epochs):
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
    passes_per_image = 7
    """For each half of a batch: original and augmented images, 3 + 3; the penalty on the slope, a
    forward and a backward pass in the images, both differentiated again, 2 × 3; the policy's step,
    a forward and a backward pass in the images, 2."""
    measured = (*Epochs.measured, "distance", "penalty")
    settings: ResolvedFasterAutoAugment

    def __init__(self, problem: SearchProblem, settings: ResolvedFasterAutoAugment) -> None:
        super().__init__(problem, settings)
        self.train = problem.images.to(problem.device)
        critic = Critic(problem.network(), len(problem.classes))
        self.network = self.critic = critic.to(problem.device)
        self.learned = self.relaxed = RelaxedPolicy(
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

    def words(self) -> str:
        """See `SearchMethod.words`."""
        return f"critic {super().words()}"

    def learn(self, batch: ImageSet) -> Tensor:
        """See `Epochs.learn` and `Step`. The training loss is of original images, the validation
        loss and accuracy are of augmented ones, from which the classifier does not learn in that
        step."""
        return self.step(batch.images, batch.labels)

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """See `SearchMethod.policy`; `RelaxedPolicy.policy` says how."""
        return self.relaxed.policy(self.settings.keep, name, provenance)

    def headline(self) -> str:
        """``leading: Rotate 12.1%, …``: the three operations of most weight."""
        shares = self.relaxed.shares()
        names = self.problem.space.operations
        best = shares.argsort(descending=True, stable=True)[:3].tolist()
        return "leading: " + ", ".join(f"{names[o]} {shares[o].item():.1%}" for o in best)

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
