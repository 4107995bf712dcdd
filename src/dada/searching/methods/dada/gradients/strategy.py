"""What every estimator at work has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from dada.searching.methods.dada.outcome import Outcome
from dada.searching.sample import Groups, Sample


class PolicyGradient(ABC):
    """A strategy: an estimator applied to a sample.

    Attributes:
        needs_derivatives: the outcome must have the reward's derivatives in the draws.
    """

    needs_derivatives = False

    @abstractmethod
    def __call__(self, sample: Sample, outcome: Outcome) -> Groups:
        """The estimate from one step's draws; what can learn learns from them."""

    def state_dict(self) -> dict[str, Any]:
        """What has been learnt; nothing by default."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027
        """Go on from what `state_dict` gave."""


def scored(sample: Sample, outcome: Outcome) -> Tensor:
    """(G, K) log density of the magnitudes that are left to their score.

    An operation that has a derivative in its magnitude needs none.
    """
    if outcome.magnitude_derivative is None:
        return sample.log_magnitude
    return sample.log_magnitude.where(outcome.magnitude_derivative.isnan(), 0.0)
