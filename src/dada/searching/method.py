"""What a search method is, and what it is given: the whole interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from dada.augment import Pipeline
from dada.compute.distributed import ALONE, Processes
from dada.datasets import Dataset, ImageSet, halve
from dada.models.child import Loss
from dada.policy import Policy, SearchSpace
from dada.report.chart import Chart
from dada.report.operations import Gains
from dada.searching.common_settings import ResolvedSearch, SearchSettings

Record = dict[str, Any]
"""An event of the run, as plain data (`SearchMethod.advance`)."""
Records = Sequence[Mapping[str, Any]]
Names = Sequence[Sequence[str]]


@dataclass(frozen=True)
class SearchProblem:
    """What every method is given.

    Attributes:
        images: all images of the search, on the CPU.
        classes: their names.
        space: the search space.
        pipeline: what surrounds the policy.
        network: makes a network with fresh weights from PyTorch's global generator, or a copy of
            the user's module.
        loss: one number per image, from its logits.
        device, precision: where and how networks run.
        processes: that share the search. What it finds does not depend on how many they are.
    """

    images: ImageSet
    classes: tuple[str, ...]
    space: SearchSpace
    pipeline: Pipeline
    network: Callable[[], nn.Module]
    loss: Loss
    device: torch.device
    precision: torch.dtype
    processes: Processes = ALONE

    def halves(self) -> tuple[ImageSet, ImageSet]:
        """Two halves with the same class shares, on the device."""
        first, second = halve(self.images, self.classes)
        return first.to(self.device), second.to(self.device)


class Cost(NamedTuple):
    """What a search takes here, found out by a rehearsal.

    Attributes:
        trainings: that follow each other in this process; 1 for a single network.
        start: seconds that one takes besides its epochs.
        epoch: seconds that an epoch of one takes.
        shared: whether the processes of a job share the trainings.
    """

    trainings: int
    start: float
    epoch: float
    shared: bool


class SearchMethod(ABC):
    """A search in progress: begun from a problem and settings, advanced an iteration at a time.

    Nothing outside a method asks which one it is: progress, budget, resuming, provenance and
    reports work from what is declared here.

    Attributes:
        name: in settings and on the command line.
        title: in words, for provenance.
        Settings: what can be set.
        unit: what an iteration is called.
        fewest_epochs: with fewer, a budget rather takes fewer images.
        iteration: how many are over.
        plan: for each iteration its epochs, which a budget may change (`replan`).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    Settings: ClassVar[type[SearchSettings]]
    unit: ClassVar[str] = "epoch"
    fewest_epochs: ClassVar[int] = 1

    def __init__(self, problem: SearchProblem, settings: ResolvedSearch) -> None:
        self.problem = problem
        self.settings = settings
        self.iteration = 0
        self.plan: list[int] = []

    @property
    def length(self) -> int:
        """Iterations in all."""
        return len(self.plan)

    @property
    @abstractmethod
    def steps(self) -> list[int]:
        """How often each iteration calls `on_step` in this process."""

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """Weights of the network that is trained."""

    @abstractmethod
    def words(self) -> str:
        """What is done, for people: ``40 trainings of proxy-32, 100 epochs each``."""

    @abstractmethod
    def advance(self, on_step: Callable[[int], None] | None = None) -> Record:
        """Advance by one iteration.

        Args:
            on_step: called with the number of steps so far in the iteration, from 1.

        Returns:
            What happened, as plain data: ``event`` "epoch", ``epoch`` (the iteration's number, from
            1), ``steps``, ``seconds``, ``train_loss``, ``validation_loss``,
            ``validation_accuracy``; optionally ``findings`` with ``notes``; and what the method's
            own charts need.

        Raises:
            DivergedError: something is not a finite number.
        """

    @abstractmethod
    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy as it stands."""

    @abstractmethod
    def cost(self) -> Cost:
        """Rehearse, and say what the search takes. Nothing is learnt; another search begins."""

    @abstractmethod
    def remaining(self) -> float:
        """What is left to do, in units of the last iteration."""

    @abstractmethod
    def replan(self, factor: float, most: int) -> None:
        """Make what is left take so many times as long, with `most` epochs at most."""

    @abstractmethod
    def plan_in_words(self) -> str:
        """What is left of a plan that has changed: ``the search has 9 epochs in all``."""

    @property
    def changed_plan(self) -> dict[str, Any]:
        """The setting that repeats this search, where a budget changed its plan; else nothing."""
        s = self.settings
        usual = [s.epochs] * self.length if s.plan is None else list(s.plan)
        return {} if self.plan == usual else {"plan": list(self.plan)}

    def headline(self, record: Record) -> str:
        """The state after an iteration in a few words; nothing by default."""
        return ""

    def converged(self, records: Sequence[Record]) -> str | None:
        """Why to stop early, after these iterations; None to go on, as is usual."""
        return None

    @classmethod
    def notes(
        cls, asked: SearchSettings, chosen: ResolvedSearch, dataset: Dataset, device: torch.device
    ) -> tuple[str, ...]:
        """What the method chose for its user, and how to have it otherwise."""
        return ()

    def cautions(self) -> tuple[str, ...]:
        """Why the search, as it is planned, may find little; nothing by default."""
        return ()

    @staticmethod
    @abstractmethod
    def summary(settings: Mapping[str, Any], start: Mapping[str, Any], records: Records) -> str:
        """How the policy was searched: the end of "105 sub-policies searched on 500 images …".

        Args:
            settings: of the run's config.
            start: its start event.
            records: its iterations so far, of this release or an older one.
        """

    @staticmethod
    @abstractmethod
    def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
        """The report's charts.

        Args:
            names: of the operations of each sub-policy of the space.
        """

    @staticmethod
    def gains(records: Records) -> Gains | None:
        """What was measured of single operations; None, as is usual, if nothing was."""
        return None

    @property
    def epoch(self) -> int:
        """Iterations that are over."""
        return self.iteration

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Everything that the next iteration depends on: tensors and plain data."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""


def leading(record: Record, names: Sequence[Sequence[str]]) -> str:
    """``leading: Rotate+Invert 2.1%, …``: the three sub-policies of most weight."""
    weights = record["weights"]
    best = sorted(range(len(weights)), key=lambda i: -weights[i])[:3]
    return "leading: " + ", ".join(f"{'+'.join(names[i])} {weights[i]:.1%}" for i in best)


def finite(*values: float | Tensor) -> bool:
    """Whether all of them are finite numbers."""
    return all(bool(torch.as_tensor(value).isfinite().all()) for value in values)
