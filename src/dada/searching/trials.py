"""Trials: a proxy is trained to the end under each candidate policy, and scored."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from dada.augment import MemoryLoader, Motion, Sampler, apply
from dada.augment.loader import Augment
from dada.compute.parallel import Load, Tick
from dada.compute.randomness import forked, stream
from dada.compute.threads import parameter_count
from dada.datasets import ImageSet
from dada.models.child import Child
from dada.policy import Policy
from dada.searching.common_settings import ResolvedSearch
from dada.searching.method import SearchProblem
from dada.searching.score import Score, score
from dada.searching.training_settings import settings_of_a_trial
from dada.training.side_by_side import SideBySide, stack_size
from dada.training.training import Training
from dada.training.views import each

_TOGETHER = 8  # batches that are augmented at once: few large kernels, not many small ones
_DRAWS = 3  # the stream of a trial's seed for its policy; a training has the others
_PIXELS = 2**21  # of these, at most, unless one batch has more

Result = TypeVar("Result")
State = dict[str, Any]
"""Where a training stands: `Training.state_dict`."""


@dataclass(frozen=True)
class Fold:
    """Images to train on, and the images that judge what was learnt from them: no image is in both.

    Attributes:
        train, judges: on the device of the search.
    """

    train: ImageSet
    judges: ImageSet


@dataclass(frozen=True)
class Trials:
    """Makes the trials of a search: by its engine, and by all processes of a job.

    They differ in nothing but their policies: those of one seed begin with the same weights, or
    from the same trunk, and see the same images in the same order, under the same crops and flips.

    Attributes:
        problem: what is searched.
        settings: how a proxy is trained.
        stacks: whether trials may be trained side by side as one network.
    """

    problem: SearchProblem
    settings: ResolvedSearch
    stacks: ClassVar[bool] = True

    def scores(
        self,
        policies: Sequence[Policy],
        fold: Fold,
        seed: int,
        epochs: int,
        trunk: State | None = None,
        on_epoch: Tick = lambda: None,
    ) -> list[Score]:
        """A trial for each policy.

        Args:
            seed: of everything random.
            epochs: of the whole training, its trunk included.
            trunk: what they continue; None begins anew.
            on_epoch: called after each epoch of each trial of this process.
        """
        processes, device = self.problem.processes, self.problem.device
        mine = self._mine(len(policies))

        def one(number: int, on_epoch: Tick) -> list[Score]:
            own = [policies[place] for place in mine[number]]
            return self.group(own, fold, seed, epochs, trunk, on_epoch)

        found = torch.zeros(len(policies), len(Score._fields), dtype=torch.float64)
        for number, result in self.run(len(mine), one, on_epoch):
            found[mine[number]] = found.new_tensor(result)
        return [Score(*row) for row in processes.sum(found, device).tolist()]

    def group(
        self,
        policies: Sequence[Policy],
        fold: Fold,
        seed: int,
        epochs: int,
        trunk: State | None = None,
        on_epoch: Tick = lambda: None,
    ) -> list[Score]:
        """The trials of some policies: side by side if there are several."""
        if len(policies) == 1:
            return [self.trial(policies[0], fold, seed, epochs, trunk, on_epoch)]
        return self.side_by_side(policies, fold, seed, epochs, trunk, on_epoch)

    def trial(
        self,
        policy: Policy,
        fold: Fold,
        seed: int,
        epochs: int,
        trunk: State | None = None,
        on_epoch: Tick = lambda: None,
    ) -> Score:
        """Train a proxy under the policy to the end, and score it."""
        return self.trained(policy, fold, seed, epochs, trunk, on_epoch)[0]

    def trained(
        self,
        policy: Policy,
        fold: Fold,
        seed: int,
        epochs: int,
        trunk: State | None = None,
        on_epoch: Tick = lambda: None,
    ) -> tuple[Score, Child]:
        """As `trial`, with the network."""
        with forked(self.problem.device):
            training = self._begin(policy, fold.train, seed, epochs)
            if trunk is not None:
                training.load_state_dict(deepcopy(trunk))  # an optimiser keeps what it is given
            record = advance(training, epochs, on_epoch)
        return Score(record["train_loss"], *self._judged(training.tested, fold)), training.tested

    def side_by_side(
        self,
        policies: Sequence[Policy],
        fold: Fold,
        seed: int,
        epochs: int,
        trunk: State | None = None,
        on_epoch: Tick = lambda: None,
    ) -> list[Score]:
        """`trial` of every policy, up to rounding, as one network with so many times the channels.

        Args:
            on_epoch: called after each epoch once for each policy.
        """
        problem, count = self.problem, len(policies)
        with forked(problem.device):
            given = self._given(fold.train, seed, epochs)
            training = SideBySide(
                models=[problem.network()] * count,
                augment=each([drawn_apart(policy, seed) for policy in policies]),
                **given,
            )
            if trunk is not None:
                training.load_state_dicts([deepcopy(trunk)] * count)
            record = advance(training, epochs, on_epoch, count)
        pairs = zip(record["train_loss"], training.each_tested, strict=True)
        return [Score(loss, *self._judged(child, fold)) for loss, child in pairs]

    def _judged(self, child: Child, fold: Fold) -> tuple[float, float]:
        pipeline, device = self.problem.pipeline, self.problem.device
        return score(child, MemoryLoader(fold.judges, pipeline, device), pipeline)

    def trunk(
        self, fold: Fold, seed: int, epochs: int, until: int, on_epoch: Tick = lambda: None
    ) -> State:
        """The beginning of a training without a policy, which trials of the same seed continue.

        Args:
            epochs: of the whole training.
            until: epochs of the trunk.
            on_epoch: called after each epoch, in the process that trains it.
        """
        state = None
        if self.problem.processes.first:
            with forked(self.problem.device):
                training = self._begin(Policy.none(), fold.train, seed, epochs)
                advance(training, until, on_epoch)
                state = training.state_dict()
        return self.problem.processes.broadcast(state)

    def _begin(self, policy: Policy, train: ImageSet, seed: int, epochs: int) -> Training:
        given = self._given(train, seed, epochs)
        return Training(model=self.problem.network(), augment=drawn_apart(policy, seed), **given)

    def _given(self, train: ImageSet, seed: int, epochs: int) -> dict[str, Any]:
        """What all trainings of a seed have in common; seeds PyTorch's global generator."""
        problem = self.problem
        torch.manual_seed(seed)
        precision = str(problem.precision).removeprefix("torch.")  # another processor's own differs
        settings = self.settings.model_copy(update={"precision": precision})
        return {
            "settings": settings_of_a_trial(settings, epochs),
            "images": MemoryLoader(train, problem.pipeline, problem.device),
            "pipeline": problem.pipeline,
            "seed": seed,
            "device": problem.device,
            "loss": problem.loss,
            "together": self._together,
        }

    def groups(self, count: int) -> list[list[int]]:
        """So many trials in groups that are trained side by side, whatever the number of cores and
        processes."""
        parts = math.ceil(count / self._stack)
        return [part.tolist() for part in torch.arange(count).tensor_split(parts)]

    def share(self, count: int) -> int:
        """How many of so many trials fall to this process."""
        return sum(map(len, self._mine(count)))

    def turns(self, count: int) -> int:
        """How many groups of so many trials follow each other in this process."""
        return math.ceil(len(self._mine(count)) / max(1, len(self._first(count))))

    def at_once(self, count: int) -> int:
        """How many of so many trials this process makes at the same time."""
        return sum(map(len, self._first(count)))

    def rehearse(self, count: int, epochs: int, fold: Fold) -> None:
        """As many groups of trials as are made at once, of so many epochs, to see how long they
        take."""
        first = self._first(count)

        def one(number: int, on_epoch: Tick) -> None:
            uniform = [self.problem.space.uniform()] * len(first[number])
            self.group(uniform, fold, 0, epochs)

        list(self.run(len(first), one))

    def run(
        self, count: int, work: Callable[[int, Tick], Result], on_epoch: Tick = lambda: None
    ) -> Iterator[tuple[int, Result]]:
        """The results of so many pieces of work, each a training or a group of them; see
        `Engine.run`."""
        engine, device = self.problem.engine, self.problem.device
        return engine.run(count, work, device, on_epoch, **self._load)

    def gathered(
        self, count: int, work: Callable[[int, Tick], Result], on_epoch: Tick = lambda: None
    ) -> list[Result]:
        """The results of so many pieces of work, one per trial, in order, by all processes of the
        job.

        Args:
            work: as of `Engine.run`. Its result must outlive the process that made it
                (`dada.searching.packing`).
        """
        mine = [place for group in self._mine(count) for place in group]
        done = self.run(len(mine), lambda number, tick: work(mine[number], tick), on_epoch)
        found = {mine[number]: result for number, result in done}
        for others in self.problem.processes.all_gather(found):
            found |= others
        return [found[place] for place in range(count)]

    def _mine(self, count: int) -> list[list[int]]:
        """The groups of so many trials that fall to this process."""
        groups = self.groups(count)
        mine = self.problem.processes.shard(torch.arange(len(groups))).tolist()
        return [groups[number] for number in mine]

    def _first(self, count: int) -> list[list[int]]:
        """Those that this process makes at the same time, before others."""
        mine = self._mine(count)
        engine, device = self.problem.engine, self.problem.device
        return mine[: engine.concurrency(len(mine), device, **self._load)]

    @cached_property
    def parameter_count(self) -> int:
        """Weights of the proxy."""
        return parameter_count(self._network)

    @cached_property
    def _stack(self) -> int:
        if not self.stacks or self.problem.images.task.moves:  # they would share their labels
            return 1
        return stack_size(self._network, self.problem.device)

    @cached_property
    def _network(self) -> nn.Module:
        with forked(self.problem.device):
            return self.problem.network()

    @property
    def _batch_pixels(self) -> int:
        return self.settings.batch * math.prod(self.problem.images.images.shape[2:])

    @property
    def _together(self) -> int:
        return max(1, min(_TOGETHER, _PIXELS // self._batch_pixels))

    @property
    def _load(self) -> Load:
        pixels = self._batch_pixels * self._stack
        return Load(pixels=pixels, parameters=self.parameter_count)


def advance(training: Training, until: int, on_epoch: Tick, times: int = 1) -> dict[str, Any]:
    """Train until so many epochs are done; the last one's record."""
    record: dict[str, Any] = {}
    while training.epoch < until:
        record = training.run_epoch()
        for _ in range(times):
            on_epoch()
    return record


def drawn_apart(policy: Policy, seed: int) -> Augment:
    """The policy, with draws from a generator of their own: however many numbers a policy takes,
    crops and flips are those of every other trial."""
    sampler, own = Sampler(policy), torch.Generator().manual_seed(stream(seed, _DRAWS))

    def augment(images: Tensor, _: torch.Generator, motion: Motion | None = None) -> Tensor:
        return apply(images, sampler(len(images), own), motion)

    return augment
