"""Trials: a proxy is trained to the end under each candidate policy, and scored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from dada.augment import MemoryLoader, Sampler, apply
from dada.compute.parallel import Load, Tick, concurrency, run_parallel
from dada.compute.randomness import forked, stream
from dada.compute.threads import parameter_count
from dada.datasets import ImageSet
from dada.policy import Policy
from dada.searching.common_settings import ResolvedSearch
from dada.searching.method import SearchProblem
from dada.searching.score import Score, score
from dada.searching.training_settings import settings_of_a_trial
from dada.training.augmentations import Augment
from dada.training.training import Training

_TOGETHER = 8  # batches that are augmented at once: few large kernels, not many small ones
_DRAWS = 3  # the stream of a trial's seed for its policy; a training has the others
_PIXELS = 2**21  # of these, at most, unless one batch has more


@dataclass(frozen=True)
class Trials:
    """Makes the trials of a search: on many cores, and by all processes of a job.

    They differ in nothing but their policies: those of one seed begin with the same weights and see
    the same images in the same order, under the same crops and flips.

    Attributes:
        problem: what is searched.
        settings: how a proxy is trained.
    """

    problem: SearchProblem
    settings: ResolvedSearch

    def scores(
        self,
        policies: Sequence[Policy],
        train: ImageSet,
        valid: ImageSet,
        seed: int,
        epochs: int,
        on_epoch: Tick = lambda: None,
    ) -> list[Score]:
        """A trial for each policy.

        Args:
            train: images to train on, on the device.
            valid: images to score by, on the device.
            seed: of everything random.
            on_epoch: called after each epoch of each trial of this process.
        """
        processes, device = self.problem.processes, self.problem.device
        mine = self.shard(len(policies))

        def one(number: int, on_epoch: Tick) -> Score:
            return self.trial(policies[mine[number]], train, valid, seed, epochs, on_epoch)

        found = torch.zeros(len(policies), len(Score._fields), dtype=torch.float64)
        for number, result in run_parallel(len(mine), one, device, on_epoch, **self._load):
            found[mine[number]] = found.new_tensor(result)
        return [Score(*row) for row in processes.sum(found, device).tolist()]

    def trial(
        self,
        policy: Policy,
        train: ImageSet,
        valid: ImageSet,
        seed: int,
        epochs: int,
        on_epoch: Tick = lambda: None,
    ) -> Score:
        """Train a proxy under the policy, and score it."""
        problem = self.problem
        pipeline, device = problem.pipeline, problem.device
        with forked(device):
            torch.manual_seed(seed)
            training = Training(
                settings=settings_of_a_trial(self.settings, epochs),
                model=problem.network(),
                images=MemoryLoader(train, pipeline, device),
                pipeline=pipeline,
                augment=_drawn_apart(policy, seed),
                seed=seed,
                device=device,
                loss=problem.loss,
                together=self._together,
            )
            record = {}
            for _ in range(epochs):
                record = training.run_epoch()
                on_epoch()
        scored = score(training.tested, MemoryLoader(valid, pipeline, device), pipeline)
        return Score(record["train_loss"], *scored)

    def shard(self, count: int) -> list[int]:
        """Which of so many trials fall to this process."""
        return self.problem.processes.shard(torch.arange(count)).tolist()

    def turns(self, count: int) -> int:
        """How many of so many trials follow each other in this process."""
        return math.ceil(len(self.shard(count)) / max(1, self.at_once(count)))

    def at_once(self, count: int) -> int:
        """How many of so many trials this process makes at the same time."""
        return concurrency(len(self.shard(count)), self.problem.device, **self._load)

    def rehearse(self, count: int, epochs: int, train: ImageSet, valid: ImageSet) -> None:
        """As many trials as are made at once, of so many epochs, to see how long they take."""

        def one(number: int, on_epoch: Tick) -> None:
            self.trial(self.problem.space.uniform(), train, valid, 0, epochs)

        list(run_parallel(self.at_once(count), one, self.problem.device, **self._load))

    @cached_property
    def parameter_count(self) -> int:
        """Weights of the proxy."""
        with forked(self.problem.device):
            return parameter_count(self.problem.network())

    @property
    def _batch_pixels(self) -> int:
        return self.settings.batch * math.prod(self.problem.images.images.shape[2:])

    @property
    def _together(self) -> int:
        return max(1, min(_TOGETHER, _PIXELS // self._batch_pixels))

    @property
    def _load(self) -> Load:
        return Load(pixels=self._batch_pixels, parameters=self.parameter_count)


def _drawn_apart(policy: Policy, seed: int) -> Augment:
    """The policy, with draws from a generator of their own: however many numbers a policy takes,
    crops and flips are those of every other trial."""
    sampler, own = Sampler(policy), torch.Generator().manual_seed(stream(seed, _DRAWS))
    return lambda images, _: apply(images, sampler(len(images), own))
