"""What all estimators, applied to draws, have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from dada.searching.methods.dada.one_step.outcome import Outcome
from dada.searching.sample import Groups, Sample


class PolicyGradient(ABC):
    """A strategy: an estimator applied to a sample.

    Attributes:
        needs_derivatives: whether the outcome must hold the reward's derivatives with respect to
            the draws.
    """

    needs_derivatives = False

    @abstractmethod
    def __call__(self, sample: Sample, outcome: Outcome) -> Groups:
        """The estimate from one step's draws; an estimator that learns does so here."""

    def state_dict(self) -> dict[str, Any]:
        """What has been learnt; nothing by default."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027
        """Continue from a `state_dict`."""


def scored(sample: Sample, outcome: Outcome) -> Tensor:
    """(G, K) log density of the magnitudes that are learnt by their score.

    It is 0 where the reward's derivative with respect to a magnitude is known.
    """
    if outcome.magnitude_derivative is None:
        return sample.log_magnitude
    return sample.log_magnitude.where(outcome.magnitude_derivative.isnan(), 0.0)
