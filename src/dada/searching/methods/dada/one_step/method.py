"""DADA in progress: a child network and the policy distribution, one epoch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dada.bilevel import Trace, traceable
from dada.compute.device import best_precision
from dada.compute.randomness import random_state, restore_random_state, stream
from dada.datasets import Dataset, ImageSet
from dada.errors import option
from dada.models.child import Child
from dada.policy import Policy
from dada.report.numbers import count
from dada.searching.common_settings import ResolvedSearch, SearchSettings
from dada.searching.distribution import PolicyDistribution
from dada.searching.epochs import Epochs
from dada.searching.method import Record, SearchProblem
from dada.searching.methods.dada.one_step import charts
from dada.searching.methods.dada.one_step.converged import converged
from dada.searching.methods.dada.one_step.scale import RewardScale
from dada.searching.methods.dada.one_step.schedule import learning_rate
from dada.searching.methods.dada.one_step.settings import OneStepSettings, ResolvedOneStep
from dada.searching.methods.dada.one_step.step import Step
from dada.searching.methods.dada.one_step.strategies import (
    HYPERGRADIENTS,
    MAGNITUDES,
    policy_gradient,
    policy_update,
)
from dada.training.optimiser import set_rate, sgd

_FEW_STEPS = 100  # about as many as move a policy visibly from the uniform one


class OneStep(Epochs):
    """One child network, and the gradient of its validation loss one step ahead (DADA, section 3).

    One half of the images is for training, the other validates. Processes share every batch: they
    draw alike, so that the distribution, its update and the weights are the same in all of them.
    The policy distribution stays on the CPU: a few hundred numbers.
    """

    name, title, form = "dada", "DADA", "at a horizon of 0, one step"
    Settings = OneStepSettings
    summary = staticmethod(charts.summary)
    charts = staticmethod(charts.charts)
    passes_per_image = 5
    """The training and the validation gradient are one half of the images' each, 3 + 3, and the
    finite difference is two forward passes of the first half with derivatives in the images,
    2 × 2."""
    settings: ResolvedOneStep

    def __init__(self, problem: SearchProblem, settings: ResolvedOneStep) -> None:
        super().__init__(problem, settings)
        device, processes = problem.device, problem.processes
        self.train, self.valid = problem.halves()
        self.own_generator = (
            self.generator
            if processes.size == 1
            else torch.Generator().manual_seed(stream(settings.seed, 1 + 2 * processes.rank))
        )
        self.child = Child(problem.network(), device, problem.precision, problem.loss)
        self.network = self.child.model
        self.learned = self.distribution = PolicyDistribution(
            problem.space, settings.spread, settings.parameters == "direct"
        )
        self.optimiser = sgd(self.child, settings)
        self.update = policy_update(self.distribution, settings)
        self.policy_gradient = policy_gradient(self.distribution, settings)
        self.scale = RewardScale()
        self.step = Step(
            child=self.child,
            optimiser=self.optimiser,
            distribution=self.distribution,
            update=self.update,
            policy_gradient=self.policy_gradient,
            hypergradient=HYPERGRADIENTS[settings.hypergradient],
            trace=self._trace(),
            magnitude_derivative=MAGNITUDES[settings.magnitudes],
            pipeline=problem.pipeline,
            generator=self.generator,
            own_generator=self.own_generator,
            views=settings.views,
            one_draw=settings.draws == "batch",
            clip=settings.clip,
            scale=self.scale,
            processes=processes,
        )

    def _trace(self) -> Trace | None:
        """A trace if the rewards of a single view are all that is needed; else None.

        Derivatives with respect to the images need a pass of their own. So do further views, whose
        rewards must be computed alike to be compared.
        """
        s, model = self.settings, self.child.model
        derivatives = self.policy_gradient.needs_derivatives or MAGNITUDES[s.magnitudes]
        wanted = s.hypergradient == "traced" and s.views == 1 and not derivatives
        if not wanted or not traceable(model):
            return None
        few = self.train.subset(torch.arange(min(16, len(self.train)))).images
        return Trace(model, self.problem.pipeline.normalise(few))

    def headline(self) -> str:
        """The leading sub-policies."""
        return self.distribution.headline()

    def converged(self, records: Sequence[Record]) -> str | None:
        """See `SearchMethod.converged`."""
        return converged(records, self.settings.tolerance)

    @classmethod
    def notes(
        cls, asked: SearchSettings, chosen: ResolvedSearch, dataset: Dataset, device: torch.device
    ) -> tuple[str, ...]:
        """See `SearchMethod.notes`."""
        notes = []
        if asked.model is None and asked.preset != "paper":
            where = "a CPU" if device.type == "cpu" else "a GPU"
            size = f"{dataset.side[1]} × {dataset.side[0]} pixels"
            notes.append(
                f"network {chosen.model}, for images of {size} on {where}; "
                f"{option('model')} changes it"
            )
        refined = asked.precision == "auto" and chosen.precision == "float32"
        if refined and best_precision(device) != torch.float32:
            notes.append(
                "float32: bfloat16, faster here, rounds finite differences away; "
                f"{option('hypergradient', 'exact', setting=True)} does without them"
            )
        return tuple(notes)

    def cautions(self) -> tuple[str, ...]:
        """See `SearchMethod.cautions`."""
        steps = sum(self.steps)
        if steps >= _FEW_STEPS:
            return ()
        return (
            f"with {count(steps, 'step')} in all, a policy hardly moves from the uniform one; more "
            f"time, {option('epochs')} or {option('images')}, or a smaller {option('batch')}, make "
            "more steps",
        )

    def begin_epoch(self) -> None:
        """See `Epochs.begin_epoch`: a cosine, whose end a changed plan moves."""
        set_rate(self.optimiser, learning_rate(self.plan, self.iteration, self.settings))

    def learn(self, batch: ImageSet) -> Tensor:
        """See `Epochs.learn` and `Step`. Validation loss and accuracy are of a fresh batch, at the
        look-ahead weights."""
        # A fresh random batch; the published code takes the same first one every time.
        chosen = torch.randperm(len(self.valid), generator=self.generator)
        valid = self.valid.subset(chosen[: self.settings.batch])
        return self.step(batch.images, batch.labels, valid.images, valid.labels)

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """See `SearchMethod.policy`."""
        s = self.settings
        return self.distribution.policy(s.keep, s.uniform_weights, name, provenance)

    def state_dict(self) -> dict[str, Any]:
        """See `SearchMethod.state_dict`."""
        return {
            "epoch": self.iteration,
            "plan": list(self.plan),
            "model": self.child.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "distribution": self.distribution.state_dict(),
            "update": self.update.state_dict(),
            "policy_gradient": self.policy_gradient.state_dict(),
            "reward_statistics": self.scale.statistics,
            "generator": self.generator.get_state(),
            "random": self.problem.processes.all_gather(
                random_state(self.own_generator, self.child.device)
            ),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `SearchMethod.load_state_dict`."""
        self.iteration, self.plan = state["epoch"], list(state.get("plan", self.plan))
        self.child.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.distribution.load_state_dict(state["distribution"])
        self.update.load_state_dict(state["update"])
        self.policy_gradient.load_state_dict(state["policy_gradient"])
        self.scale.statistics = state["reward_statistics"]
        self.generator.set_state(state["generator"])
        mine = state["random"][self.problem.processes.rank]
        restore_random_state(mine, self.own_generator, self.child.device)
