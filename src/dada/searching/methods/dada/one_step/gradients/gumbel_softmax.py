"""Gumbel-Softmax, applied to draws."""

from __future__ import annotations

import torch

from dada.estimators import gumbel_softmax, reinforce
from dada.searching.methods.dada.one_step.gradients.strategy import PolicyGradient, scored
from dada.searching.methods.dada.one_step.outcome import Outcome
from dada.searching.sample import Groups, Sample


class GumbelSoftmaxGradient(PolicyGradient):
    """Straight-through Gumbel-Softmax through the images.

    Args:
        temperature: of the relaxations.
    """

    needs_derivatives = True

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature

    def __call__(self, sample: Sample, outcome: Outcome) -> Groups:
        """See `PolicyGradient`."""
        assert outcome.selection_derivative is not None
        assert outcome.applied_derivative is not None
        # Only the chosen sub-policy was computed, so only its coordinate has a derivative.
        at_choice = torch.zeros_like(sample.z_selection).scatter_(
            1, sample.sub_policy[:, None], outcome.selection_derivative[:, None]
        )
        surrogate = gumbel_softmax((sample.z_selection / self.temperature).softmax(-1), at_choice)
        surrogate = surrogate + gumbel_softmax(
            (sample.z_applied / self.temperature).sigmoid(), outcome.applied_derivative
        )
        surrogate = surrogate + reinforce(outcome.advantage, scored(sample, outcome).sum(-1))
        return sample.gradients(surrogate, outcome.magnitude_derivative)
