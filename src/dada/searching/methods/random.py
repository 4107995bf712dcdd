"""The best of N random policies: the baseline that every search has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from math import comb
from typing import Annotated, Any, Literal

from pydantic import Field

from dada.compute.randomness import stream
from dada.datasets import Dataset
from dada.errors import UserError
from dada.policy import Policy
from dada.report.numbers import count
from dada.searching.best_of import BestOf
from dada.searching.common_settings import SpaceSettings
from dada.searching.method import Names
from dada.searching.training_settings import ResolvedTrainings, WholeTrainings

_SIZE = 25  # as many as a policy of the paper has


class RandomSettings(WholeTrainings, SpaceSettings):
    """How many random policies are tried, and how large they are."""

    method: Literal["random"] = "random"
    policies: Annotated[int, Field(ge=1, le=1000)] = 16
    """Random policies that are tried in each round; equal ones are tried once."""
    size: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Sub-policies of each, drawn from the uniform policy of the search space. None: 25, or half of
    the space's if that is fewer."""

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedRandom:
        """See `SearchSettings.resolve`."""
        filled = self.filled(dataset, accelerated, transforms)
        operations = len(filled["operations"])
        there_are = comb(operations, self.length)
        filled.setdefault("size", max(1, min(_SIZE, there_are // 2)))
        if filled["size"] > there_are > 0:
            raise UserError(
                f"setting size: {filled['size']}: there {'is' if there_are == 1 else 'are'} "
                f"{count(there_are, 'sub-policy')} of {self.length} of "
                f"{count(operations, 'operation')}"
            )
        return ResolvedRandom(**filled)


class ResolvedRandom(ResolvedTrainings, RandomSettings):
    """The same with nothing left open."""

    size: Annotated[int, Field(ge=1, le=1000)]


class RandomMethod(BestOf):
    """Random policies, each tried by whole trainings, the best of which is found."""

    name, title = "random", "random search"
    Settings = RandomSettings
    settings: ResolvedRandom

    @staticmethod
    def space_in_words(settings: Mapping[str, Any], names: Names) -> str:
        """See `SearchMethod.space_in_words`."""
        policies, there_are = count(settings["policies"], "random policy"), len(names)
        return f"{policies} of {settings['size']} of {count(there_are, 'sub-policy')}"

    def proposals(self) -> dict[str, Policy]:
        """See `BestOf.proposals`."""
        s, space = self.settings, self.problem.space
        drawn = (space.random(s.size, stream(s.seed, n)) for n in range(1, s.policies + 1))
        different = dict.fromkeys(policy.sub_policies for policy in drawn)
        return {
            f"policy {number}": Policy(sub_policies, space.scale)
            for number, sub_policies in enumerate(different, 1)
        }
