"""Epochs of a single network: what the methods have in common that train one, step by step."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from dada.compute.parallel import Tick
from dada.compute.threads import parameter_count, threads_for
from dada.datasets import ImageSet, even_batches
from dada.errors import DivergedError
from dada.report.numbers import count
from dada.searching.common_settings import ResolvedSearch
from dada.searching.method import Cost, Record, SearchMethod, SearchProblem

_TIMED_STEPS = 2


class Learned(Protocol):
    """A policy in the making."""

    def parameters(self) -> Iterable[Tensor]:
        """Its numbers."""

    def record(self) -> dict[str, Any]:
        """The same as plain data."""


class Epochs(SearchMethod):
    """A network and a policy that both learn from each batch of the images.

    Attributes:
        passes_per_image: forward passes per image of the search and epoch (`SearchMethod.passes`).
        measured: names, in a record, of what a step returns.
        train: the images whose batches make an epoch, on the device.
        network: what is trained.
        learned: what of the policy is.
        generator: CPU generator of the batches, and of the steps' own draws.
    """

    fewest_epochs = 5
    divisible = False
    passes_per_image: ClassVar[int]
    measured: ClassVar[tuple[str, ...]] = ("train_loss", "validation_loss", "validation_accuracy")

    train: ImageSet
    network: nn.Module
    learned: Learned

    def __init__(self, problem: SearchProblem, settings: ResolvedSearch) -> None:
        super().__init__(problem, settings)
        self.generator = torch.Generator().manual_seed(settings.seed)

    @abstractmethod
    def learn(self, batch: ImageSet) -> Tensor:
        """Make a step; (n,) what was `measured`, on the device."""

    def begin_epoch(self) -> None:
        """What precedes an epoch; nothing by default."""

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches."""
        return len(even_batches(torch.arange(len(self.train)), self.settings.batch))

    @property
    def steps(self) -> list[int]:
        """Steps of each epoch."""
        return [self.steps_per_epoch] * self.length

    @property
    def parameter_count(self) -> int:
        """Number of weights of the network."""
        return parameter_count(self.network)

    @property
    def passes(self) -> int:
        """See `SearchMethod.passes`."""
        return self.passes_per_image * self.length * len(self.problem.images)

    def words(self) -> str:
        """See `SearchMethod.words`."""
        epochs, steps = count(self.length, "epoch"), count(self.steps_per_epoch, "step")
        return f"{self.settings.model}, {epochs} of {steps} of up to {self.settings.batch} images"

    def advance(self, on_step: Tick = lambda: None) -> Record:
        """Advance by one epoch.

        Args:
            on_step: called after each step.

        Returns:
            As `SearchMethod.advance`: what was `measured`, in the mean of the steps, and what the
            policy has learnt.

        Raises:
            DivergedError: something is not finite. Resume the search from a checkpoint.
        """
        started, found = time.perf_counter(), []
        self.begin_epoch()
        order = torch.randperm(len(self.train), generator=self.generator)
        with threads_for(self.network, self.problem.device):
            for rows in even_batches(order, self.settings.batch):
                found.append(self.learn(self.train.subset(rows)))
                on_step()
        means = torch.stack(found).mean(0).tolist()
        self.iteration += 1
        finite = all(bool(part.isfinite().all()) for part in self.learned.parameters())
        if not (finite and math.isfinite(sum(means))):
            raise DivergedError(f"the loss is not a finite number in epoch {self.iteration}")
        return {
            "event": "epoch",
            "epoch": self.iteration,
            "steps": len(found),
            "seconds": round(time.perf_counter() - started, 3),
            **dict(zip(self.measured, means, strict=True)),
            **self.learned.record(),
        }

    def cost(self) -> Cost:
        """See `SearchMethod.cost`: a few steps are timed, after one to warm up."""
        few = self.train.subset(range(min(self.settings.batch, len(self.train))))
        times = []
        with threads_for(self.network, self.problem.device):
            for _ in range(1 + _TIMED_STEPS):
                started = time.perf_counter()
                # Reading the losses on the host waits for the device.
                self.learn(few).tolist()
                times.append(time.perf_counter() - started)
        return Cost(1, 0.0, min(times[1:]) * self.steps_per_epoch, shared=False)

    def replan(self, factor: float, most: int) -> None:
        """Multiply the epochs that are left by `factor`."""
        done = self.iteration
        length = min(most, done + int(factor * (self.length - done)))
        self.plan[done:] = [length] * (length - done)

    def plan_in_words(self) -> str:
        """See `SearchMethod.plan_in_words`."""
        return f"the search has {count(self.length, 'epoch')} in all"
