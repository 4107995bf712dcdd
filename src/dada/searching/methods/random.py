"""The best of N random policies: the baseline that every search has to beat."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dada.compute.randomness import stream
from dada.datasets import Dataset
from dada.policy import Policy
from dada.searching.best_of import BestOf
from dada.searching.training_settings import ResolvedTrainings, WholeTrainings


class RandomSettings(WholeTrainings):
    """How many random policies are tried, and how large they are."""

    method: Literal["random"] = "random"
    policies: Annotated[int, Field(ge=1, le=1000)] = 16
    """Random policies that are tried in each round."""
    size: Annotated[int, Field(ge=1, le=1000)] = 25
    """Sub-policies of each, drawn from the uniform policy of the search space."""

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedRandom:
        """See `SearchSettings.resolve`."""
        return ResolvedRandom(**self.filled(dataset, accelerated, transforms))


class ResolvedRandom(ResolvedTrainings, RandomSettings):
    """The same with nothing left open."""


class RandomMethod(BestOf):
    """Random policies, each tried by whole trainings, the best of which is found."""

    name, title = "random", "random search"
    Settings = RandomSettings
    settings: ResolvedRandom

    def proposals(self) -> dict[str, Policy]:
        """See `BestOf.proposals`."""
        s, space = self.settings, self.problem.space
        return {
            f"random policy {number}": space.random(s.size, stream(s.seed, number))
            for number in range(1, s.policies + 1)
        }
