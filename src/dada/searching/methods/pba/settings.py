"""Settings of PBA."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dada.datasets import Dataset
from dada.errors import UserError
from dada.policy import SearchSpace
from dada.policy.operation_list import MOST_LISTED
from dada.searching.methods.pba.values import TIMES
from dada.searching.training_settings import HalvesSettings, ResolvedRounds


class PbaSettings(HalvesSettings):
    """The population, and how often it competes.

    The paper has 16 trials of a Wide-ResNet-40-2: 200 epochs on 4,000 images of CIFAR-10, or 160 on
    1,000 of SVHN.
    """

    method: Literal["pba"] = "pba"
    trials: Annotated[int, Field(ge=2, le=1000)] = 16
    """Networks that are trained side by side, each under its own policy (the paper: 16)."""
    interval: Annotated[int, Field(ge=1)] = 3
    """Epochs of a round, after which the worst trials become copies of the best (the paper: 3)."""

    @property
    def rounds_in_all(self) -> int:
        """See `RoundsSettings`; a plan may change their number."""
        return len(self.plan) if self.plan else rounds_of(self.epochs or 1, self.interval)

    @model_validator(mode="after")
    def _plan_has_no_empty_round(self) -> Self:
        for number, planned in enumerate(self.plan or ()):
            if planned <= number * self.interval:
                raise ValueError(f"plan: its {planned} epochs are over before round {number + 1}")
        return self

    @property
    def space(self) -> SearchSpace:
        """See `SearchSettings.space`: single operations.

        Raises:
            UserError: also if there are more than 32, each of which comes twice.
        """
        space, most = self.space_of(1), MOST_LISTED // TIMES
        if len(space.operations) > most:
            given = len(space.operations)
            raise UserError(f"search space: {given} operations; method pba takes {most} at most")
        return space

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedPba:
        """See `SearchSettings.resolve`."""
        return ResolvedPba(**self.filled(dataset, accelerated, transforms))


class ResolvedPba(ResolvedRounds, PbaSettings):
    """The same with nothing left open."""


def rounds_of(epochs: int, interval: int) -> int:
    """Rounds of a training; the last one may be shorter.

    Examples:
        >>> rounds_of(200, interval=3)
        67
    """
    return math.ceil(epochs / interval)
