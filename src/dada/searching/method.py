"""The interface of search methods, and the problem that they are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn

from dada.augment import Pipeline
from dada.compute.distributed import ALONE, Processes
from dada.compute.parallel import Tick
from dada.datasets import Dataset, ImageSet, halve
from dada.models.child import Loss
from dada.policy import AnyPolicy, SearchSpace
from dada.report.chart import Chart
from dada.report.numbers import count
from dada.report.operations import Gains
from dada.searching.common_settings import ResolvedSearch, SearchSettings
from dada.searching.engines import LOCAL, Engine

Record = dict[str, Any]
"""An event of the run, as plain data (`SearchMethod.advance`)."""
Records = Sequence[Mapping[str, Any]]
Names = Sequence[Sequence[str]]

LEARNING = 3
"""Forward passes that learning from an image takes: a backward pass is two of them."""


@dataclass(frozen=True)
class SearchProblem:
    """The input of every search method.

    Attributes:
        images: all images of the search, on the CPU.
        validation: the user's own validation images, which only judge; None if there are none, or
            the method does not judge by them.
        classes: names, by label.
        space: the search space.
        pipeline: what surrounds the policy.
        network: makes a network with fresh weights from PyTorch's global generator, or a copy of
            the user's module.
        loss: (logits, labels) to one loss per image.
        device, precision: where and how networks run.
        processes: those that share the search; their number does not change what it finds.
        engine: runs independent pieces of the search; nor does it change what they find.
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
    validation: ImageSet | None = None
    engine: Engine = LOCAL

    def judges(self, images: ImageSet) -> ImageSet:
        """The images, with the user's own validation images, if there are any; on the device."""
        if self.validation is not None:
            images = ImageSet(
                torch.cat([images.images.cpu(), self.validation.images]),
                torch.cat([images.labels.cpu(), self.validation.labels]),
            )
        return images.to(self.device)

    def halves(self) -> tuple[ImageSet, ImageSet]:
        """Two halves with the same class shares, on the device."""
        first, second = halve(self.images, self.classes)
        return first.to(self.device), second.to(self.device)


class Cost(NamedTuple):
    """How long a search takes on this machine, measured by a rehearsal.

    Attributes:
        trainings: number that this process runs one after another, in whole trainings; 1 for a
            single network.
        start: seconds per training besides its epochs.
        epoch: seconds per epoch of a training.
        shared: whether the processes of a job share the trainings.
    """

    trainings: float
    start: float
    epoch: float
    shared: bool


class SearchMethod(ABC):
    """A search in progress: begun from a problem and settings, advanced one iteration at a time.

    Nothing outside a method asks which one it is: progress, budget, resuming, provenance and
    reports work from what is declared here.

    Attributes:
        name: in settings and on the command line.
        title: in words, for provenance.
        Settings: the class of its settings.
        form: which of the method's `forms` this is, for messages; empty if there is one.
        unit: what an iteration is called.
        divisible: whether it has independent pieces, which an engine may run elsewhere; false where
            a single network is trained.
        moving: whether it can search where labels move with the pixels (`dada.tasks.Task.moves`).
        fewest_epochs: below this, a budget reduces the images instead.
        iteration: iterations done.
        plan: that of the settings (`SearchSettings.planned`), which a budget may change (`replan`).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    Settings: ClassVar[type[SearchSettings]]
    form: ClassVar[str] = ""
    unit: ClassVar[str] = "epoch"
    divisible: ClassVar[bool] = True
    moving: ClassVar[bool] = False
    fewest_epochs: int = 1

    def __init__(self, problem: SearchProblem, settings: ResolvedSearch) -> None:
        self.problem = problem
        self.settings = settings
        self.iteration = 0
        self.plan = settings.planned

    @classmethod
    def forms(cls) -> tuple[type[SearchMethod], ...]:
        """The classes that do the method's work, each with settings of its own; usually itself."""
        return (cls,)

    @classmethod
    def at(cls, settings: Mapping[str, Any]) -> type[SearchMethod]:
        """The one of `forms` that searches with these settings."""
        return cls

    @property
    def length(self) -> int:
        """Total number of iterations."""
        return len(self.plan)

    @property
    @abstractmethod
    def steps(self) -> list[int]:
        """Calls of `on_step` in each iteration, in this process."""

    @property
    def work(self) -> Sequence[float]:
        """How much work each iteration is for this process, in any one unit; by default each of its
        `steps` is as much as any other."""
        return self.steps

    @property
    def parts(self) -> list[tuple[int, float]]:
        """Calls of `on_step` that take equally long, in order, and how much `work` they are; by
        default those of an iteration."""
        return list(zip(self.steps, map(float, self.work), strict=True))

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """Number of weights of the trained network."""

    @property
    @abstractmethod
    def passes(self) -> int:
        """Forward passes of single images that the whole search takes as planned, in all processes:
        what it costs on any machine. Learning from an image counts as `LEARNING`."""

    @abstractmethod
    def words(self) -> str:
        """The work in words: ``40 trainings of proxy-32, 100 epochs each``."""

    @abstractmethod
    def advance(self, on_step: Tick = lambda: None) -> Record:
        """Advance by one iteration.

        Args:
            on_step: called after each step.

        Returns:
            What happened, as plain data: ``event`` "epoch", ``epoch`` (the iteration's number, from
            1), ``steps``, ``seconds``, ``train_loss``, ``validation_loss``,
            ``validation_accuracy``; optionally ``findings`` with ``notes``; and what the method's
            own charts need.

        Raises:
            DivergedError: something is not a finite number.
        """

    @abstractmethod
    def policy(self, name: str, provenance: dict[str, Any]) -> AnyPolicy:
        """The policy or schedule so far, with a name and a record of its origin."""

    @abstractmethod
    def cost(self) -> Cost:
        """Rehearse, and return how long the search takes.

        The rehearsal uses this search up: begin another one afterwards.
        """

    def remaining(self) -> float:
        """The work that is left, in units of the last iteration's, of which there must be one."""
        return sum(self.work[self.iteration :]) / self.work[self.iteration - 1]

    @abstractmethod
    def replan(self, factor: float, most: int) -> None:
        """Make the rest take `factor` times as long, with at most `most` epochs."""

    @abstractmethod
    def plan_in_words(self) -> str:
        """A changed plan in words: ``the search has 9 epochs in all``."""

    @property
    def changed_plan(self) -> dict[str, Any]:
        """The setting `plan` that repeats this search if a budget changed it; else nothing."""
        return {} if self.plan == self.settings.planned else {"plan": list(self.plan)}

    def headline(self) -> str:
        """The state after an iteration, in a few words; empty by default."""
        return ""

    def converged(self, records: Sequence[Record]) -> str | None:
        """Why to stop after these iterations; None, the default, to continue."""
        return None

    @classmethod
    def notes(
        cls, asked: SearchSettings, chosen: ResolvedSearch, dataset: Dataset, device: torch.device
    ) -> tuple[str, ...]:
        """What the method chose for its user, and how to change it."""
        return ()

    def cautions(self) -> tuple[str, ...]:
        """Why the search as planned may find little; nothing by default."""
        return ()

    @staticmethod
    def space_in_words(settings: Mapping[str, Any], names: Names) -> str:
        """What is searched over: by default ``105 sub-policies of 15 operations``.

        Args:
            settings: those in the run's config.
            names: the operations of each sub-policy of the space.
        """
        return f"{count(len(names), 'sub-policy')} of {operations_in_words(names)}"

    @staticmethod
    @abstractmethod
    def summary(settings: Mapping[str, Any], start: Mapping[str, Any], records: Records) -> str:
        """How the policy was found: the end of "(`space_in_words`) searched on 500 images …".

        Args:
            settings: those in the run's config.
            start: the run's start event.
            records: the iterations so far, from this release or an older one.
        """

    @staticmethod
    @abstractmethod
    def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
        """The report's charts.

        Args:
            settings: those in the run's config.
            names: the operations of each sub-policy of the space.
            records: the iterations so far, from this release or an older one.
        """

    @staticmethod
    def gains(records: Records) -> Gains | None:
        """What was measured of single operations; None, the default, if nothing was."""
        return None

    @staticmethod
    def no_better(settings: Mapping[str, Any]) -> dict[str, str]:
        """What a search that found no policy says of policies that need no search, by their names:
        of those that it tried itself, that they are no better than none. Nothing by default.

        Args:
            settings: those in the run's config.
        """
        return {}

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Everything that the next iteration depends on: tensors and plain data."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a `state_dict`."""


def policies_in_words(sub_policies: int, names: Names) -> str:
    """Policies of so many sub-policies: ``policies of 5 sub-policies of 15 operations``."""
    return f"policies of {count(sub_policies, 'sub-policy')} of {operations_in_words(names)}"


def operations_in_words(names: Names) -> str:
    """How many different operations there are: ``15 operations``."""
    return count(len({name for operations in names for name in operations}), "operation")
