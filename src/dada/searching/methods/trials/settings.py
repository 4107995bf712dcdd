"""Settings of the search by trials."""

from __future__ import annotations

from typing import Literal

from dada.datasets import Dataset
from dada.searching.common_settings import DistributionSettings
from dada.searching.training_settings import ResolvedTrainings, WholeTrainings
from dada.training.network import Positive

PROBABILITY_ROUNDS = 2


class TrialsSettings(WholeTrainings, DistributionSettings):
    """Every operation by itself, then the found policy at several probabilities."""

    method: Literal["trials"] = "trials"
    kl_weight: Positive = 0.6
    """Weight of the KL penalty towards uniform selection of operations; lower is greedier."""

    @property
    def rounds_in_all(self) -> int:
        """Rounds of operations, and of probabilities."""
        return self.rounds + PROBABILITY_ROUNDS

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedTrials:
        """See `SearchSettings.resolve`."""
        return ResolvedTrials(**self.filled(dataset, accelerated, transforms))


class ResolvedTrials(ResolvedTrainings, TrialsSettings):
    """The same with nothing left open. `keep` None means as many as hold 99 % of the weight."""
