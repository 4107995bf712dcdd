"""RandAugment (Cubuk et al. 2020): a grid over the number of operations and their magnitude.

Their search space has two numbers: every image gets N operations, chosen uniformly, at one global
magnitude M. The policy that is found is a file like any other, so that the N operations of an image
differ and come in the space's order, where RandAugment may draw one twice, in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from dada.datasets import Dataset
from dada.policy import Operation, Policy, SearchSpace, SubPolicy
from dada.report.numbers import count
from dada.searching.best_of import BestOf
from dada.searching.method import Names, operations_in_words
from dada.searching.training_settings import ResolvedTrainings, WholeTrainings


class RandAugmentSettings(WholeTrainings):
    """The grid."""

    method: Literal["randaugment"] = "randaugment"
    numbers: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1)] = (1, 2)
    """N: operations per image."""
    strengths: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=1)] = (
        0.1,
        0.3,
        0.5,
        0.7,
        0.9,
    )
    """M: from 0 to 1, as the space's scale has it."""

    @field_validator("numbers", "strengths")
    @classmethod
    def _different(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if len({f"{value:g}" for value in values}) < len(values):
            raise ValueError("the same number is given twice")
        return values

    @property
    def space(self) -> SearchSpace:
        """See `SearchSettings.space`: that of the most operations per image."""
        return self.space_of(max(self.numbers))

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedRandAugment:
        """See `SearchSettings.resolve`."""
        return ResolvedRandAugment(**self.filled(dataset, accelerated, transforms))


class ResolvedRandAugment(ResolvedTrainings, RandAugmentSettings):
    """The same with nothing left open."""


class RandAugmentMethod(BestOf):
    """Every pair of N and M, each tried by whole trainings."""

    name, title = "randaugment", "RandAugment's grid search"
    Settings = RandAugmentSettings
    settings: ResolvedRandAugment

    @staticmethod
    def space_in_words(settings: Mapping[str, Any], names: Names) -> str:
        """See `SearchMethod.space_in_words`."""
        pairs = len(settings["numbers"]) * len(settings["strengths"])
        return f"{count(pairs, 'pair')} of N and M for {operations_in_words(names)}"

    @staticmethod
    def no_better(settings: Mapping[str, Any]) -> dict[str, str]:
        """See `SearchMethod.no_better`."""
        return {"RandAugment": "RandAugment is no better than none at any N and M that was tried"}

    def proposals(self) -> dict[str, Policy]:
        """See `BestOf.proposals`."""
        return {
            f"N={number} M={magnitude:g}": randaugment(self.problem.space, number, magnitude)
            for number in self.settings.numbers
            for magnitude in self.settings.strengths
        }


def randaugment(space: SearchSpace, number: int, magnitude: float) -> Policy:
    """The policy that applies `number` different operations of the space to every image.

    Args:
        space: its operations and scale count.
        magnitude: of all operations, 0 to 1.

    Raises:
        ValueError: the space has fewer operations, or too many choices of so many.

    Examples:
        >>> print(randaugment(SearchSpace(("Rotate", "Invert")), 1, 1.0))
         50.0%  Rotate ±30 degrees (p 1.00)
         50.0%  Invert (p 1.00)
    """
    choices = SearchSpace(space.operations, number, space.scale).sub_policies
    return Policy(
        tuple(
            SubPolicy(tuple(Operation(name, 1.0, magnitude, spread=0.0) for name in names))
            for names in choices
        ),
        space.scale,
        f"N={number} M={magnitude:g}",
    )
