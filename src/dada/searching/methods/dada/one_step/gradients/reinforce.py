"""REINFORCE, applied to draws."""

from __future__ import annotations

from dada.estimators import reinforce
from dada.searching.methods.dada.one_step.gradients.strategy import PolicyGradient, scored
from dada.searching.methods.dada.one_step.outcome import Outcome
from dada.searching.sample import Groups, Sample


class ReinforceGradient(PolicyGradient):
    """The score function of the joint draw, times the reward less its baseline."""

    def __call__(self, sample: Sample, outcome: Outcome) -> Groups:
        """See `PolicyGradient`."""
        score = sample.log_selection + sample.log_applied + scored(sample, outcome).sum(-1)
        surrogate = reinforce(outcome.advantage, score)
        return sample.gradients(surrogate, outcome.magnitude_derivative)
