"""A policy that changes over the epochs of a training, as PBA finds it.

A schedule is a sequence of stages, each of so many epochs under one policy. It is stretched to the
length of a training.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from dada.errors import UserError, brief, option
from dada.ops.elsewhere import import_operations, modules_of
from dada.policy.data import Name, Provenance
from dada.policy.model import MODULES, Policy, transform_of
from dada.policy.operation_list import OperationList
from dada.policy.scale import Scale
from dada.policy.schedule_words import describe_schedule, schedule_html

if TYPE_CHECKING:
    from dada.augment import PolicyTransform

MOST_STAGES = 1000
MOST_IN_ALL = 100_000  # sub-policies of all stages; a list of operations has none in memory
MOST_EPOCHS = 1_000_000  # of a stage
_KEPT = "the last stage's policy"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Stage:
    """So many epochs under one policy.

    Attributes:
        epochs: 1 to 1,000,000, of the schedule's own length.
        policy: the policy, or a list of operations of which each image gets a few.
    """

    epochs: Annotated[int, Field(ge=1, le=MOST_EPOCHS, strict=True)]
    policy: Policy | OperationList


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class PolicySchedule:
    """A policy for every epoch of a training. Wherever a policy is taken, so is a schedule.

    Attributes:
        stages: 1 to 1,000, in order; all have one scale, and at most 100,000 sub-policies together.
        name: shown in tables, on one line; control characters are escaped.
        provenance: which search found it; plain data, as `Policy.provenance`.

    Examples:
        >>> from dada import load_policy
        >>> schedule = PolicySchedule(
        ...     (Stage(1, Policy.none()), Stage(3, load_policy("dada-cifar10"))), name="later"
        ... )
        >>> for epoch in range(3):
        ...     print(schedule.at(epoch, epochs=8).name)
        no augmentation
        no augmentation
        dada-cifar10
    """

    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=MOST_STAGES)]
    name: Name = "schedule"
    provenance: Provenance = Field(default_factory=dict, repr=False)

    @field_validator("stages")
    @classmethod
    def _bounded(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        policies = [stage.policy for stage in stages if isinstance(stage.policy, Policy)]
        check_in_all(len(policy.sub_policies) for policy in policies)
        return stages

    @field_validator("stages")
    @classmethod
    def _one_scale(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        for number, stage in enumerate(stages):
            if stage.policy.scale != stages[0].policy.scale:
                raise ValueError(
                    f"stage {number} has another scale than stage 0: all need the same"
                )
        return stages

    def __getstate__(self) -> dict[str, Any]:
        used = (name for stage in self.stages for name in stage.policy.reach())
        state = {name: value for name, value in self.__dict__.items() if name != _KEPT}
        return {**state, MODULES: modules_of(used)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        import_operations(state.get(MODULES, {}))
        self.__dict__.update((name, value) for name, value in state.items() if name != MODULES)

    @property
    def epochs(self) -> int:
        """Length of the schedule, before it is stretched."""
        return sum(stage.epochs for stage in self.stages)

    @property
    def scale(self) -> Scale:
        """What a magnitude means, in all stages."""
        return self.stages[0].policy.scale

    @property
    def is_none(self) -> bool:
        """Whether no image changes in any epoch."""
        return all(stage.policy.is_none for stage in self.stages)

    def at(self, epoch: int, epochs: int | None = None) -> Policy:
        """The policy of an epoch of a training.

        A stage has the same share of the training as of the schedule; an epoch belongs to the stage
        that its beginning falls into. Where every stage of a stretched schedule has whole epochs,
        this is what PBA's code does; elsewhere that rounds the length of each stage down, and the
        last stage gets all that is left.

        Args:
            epoch: the epoch, from 0.
            epochs: length of the training; None is the schedule's own.

        Raises:
            UserError: the training has no such epoch, or no length.
        """
        epoch = _whole("epoch", epoch)
        epochs = self.epochs if epochs is None else _whole("epochs", epochs)
        if epochs < 1:
            raise UserError(f"epochs {epochs}: a training has at least 1")
        if not 0 <= epoch < epochs:
            raise UserError(f"epoch {epoch}: the training has epochs 0 to {epochs - 1} (from 0)")
        ends = accumulate(stage.epochs for stage in self.stages)
        number = next(i for i, end in enumerate(ends) if epoch * self.epochs < end * epochs)
        return self._policy(number)

    def _policy(self, number: int) -> Policy:
        """A stage's policy; the same object as long as no other stage is asked for."""
        kept: tuple[int, Policy] | None = self.__dict__.get(_KEPT)
        if kept is None or kept[0] != number:
            policy = self.stages[number].policy
            if isinstance(policy, OperationList):
                name = f"{self.name}, stage {number + 1} of {len(self.stages)}"
                policy = policy.policy(name[:1000], self.provenance)
            kept = self.__dict__[_KEPT] = number, policy
        return kept[1]

    def chosen(self, epoch: int | None) -> Policy:
        """The policy of an epoch, for what can use only one policy.

        Args:
            epoch: from 1 to the schedule's own length.

        Raises:
            UserError: there is no such epoch, or none is given.
        """
        if epoch is None or not 1 <= epoch <= self.epochs:
            which = "" if epoch is None else f"no epoch {epoch}: "
            raise UserError(
                f"{which}{self.name} is a schedule: choose an epoch from 1 to {self.epochs} "
                f"with {option('epoch')}"
            )
        return self.at(epoch - 1)

    def reach(self) -> dict[str, float]:
        """The share of images that each operation reaches, by name, over all epochs."""
        shares: dict[str, float] = {}
        for stage in self.stages:
            for name, share in stage.policy.reach().items():
                shares[name] = shares.get(name, 0.0) + share * stage.epochs / self.epochs
        return shares

    @property
    def content(self) -> object:
        """All that matters to images; equal for schedules that differ in name and origin only."""
        return tuple((stage.epochs, stage.policy.content) for stage in self.stages)

    def rounded(self) -> PolicySchedule:
        """The schedule without meaningless digits; see `Policy.rounded`."""
        stages = tuple(Stage(s.epochs, s.policy.rounded()) for s in self.stages)
        return replace(self, stages=stages)

    @property
    def last_epoch(self) -> int | None:
        """The last epoch that can be `chosen`."""
        return self.epochs

    @property
    def size(self) -> str:
        """How large it is, in words: ``200 epochs in 17 stages``."""
        count = len(self.stages)
        return f"{self.epochs:,} epochs in {count:,} stage{'' if count == 1 else 's'}"

    def __repr__(self) -> str:
        return f"PolicySchedule({brief(self.name)}: {self.size}, {self.scale.kind} scale)"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return schedule_html(self)

    def __str__(self) -> str:
        """The first 25 stages in words; `describe` tells of all."""
        return self.describe(limit=25)

    def describe(self, limit: int | None = None, side: int | tuple[int, int] | None = None) -> str:
        """What share of the images each operation reaches, one stage per line.

        `chosen(epoch).describe()` tells more of one.

        Args:
            limit: number of stages to describe; None describes all.
            side: has no effect, as strengths are not described.
        """
        return describe_schedule(self, limit)

    def transform(self, epochs: int | None = None) -> PolicyTransform:
        """A torchvision v2 transform that follows the schedule; `set_epoch` tells it the epoch.

        Args:
            epochs: length of the training; None is the schedule's own.
        """
        return transform_of(self, epochs)


def check_in_all(counts: Iterable[int]) -> None:
    """Refuse too many sub-policies, before any is made.

    Args:
        counts: the sub-policies of each stage.

    Raises:
        ValueError: they are too many together.
    """
    if (total := sum(counts)) > MOST_IN_ALL:
        raise ValueError(f"{total:,} sub-policies in all stages: at most {MOST_IN_ALL:,}")


def _whole(what: str, number: object) -> int:
    try:
        return operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        raise UserError(f"{what} {brief(number)}: must be a whole number") from None


AnyPolicy = Policy | PolicySchedule
"""A policy, or one that changes over the epochs of a training."""
