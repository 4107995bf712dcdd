"""The published estimator, reimplemented from its code, errors included."""

import torch

from dada.searching.methods.dada.one_step.gradients import PolicyGradient
from dada.searching.methods.dada.one_step.outcome import Outcome
from dada.searching.sample import Groups, Sample


class PublishedGradient(PolicyGradient):
    """REINFORCE on one draw per batch, whose score includes the bits of all sub-policies.

    The published code applies RELAX to the loss at w + εv and at w − εv with the same noise and
    subtracts, so the control variate cancels and this remains. The gradient of its selection is
    S·K times too large, which is divided out here in its favour: Adam is invariant to scale.
    Magnitudes are straight-through.
    """

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(0)

    def __call__(self, sample: Sample, outcome: Outcome) -> Groups:
        """See `PolicyGradient`."""
        surrogate = outcome.advantage * sample.log_selection
        found = sample.gradients(surrogate, outcome.magnitude_derivative)
        chance = sample.logits.probability.detach().sigmoid()
        bits = torch.rand(chance.shape, generator=self.generator) < chance
        bits[sample.sub_policy[0]] = sample.applied[0]
        probability = outcome.advantage[0] * (bits.double() - chance)
        return Groups(found.selection, probability, found.magnitude)
