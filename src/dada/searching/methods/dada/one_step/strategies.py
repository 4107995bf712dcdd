"""The strategies of a step, by their names in the settings."""

from __future__ import annotations

import torch

from dada.bilevel import exact, finite_difference, first_order
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.one_step.gradients import (
    CriticGradient,
    GumbelSoftmaxGradient,
    PolicyGradient,
    ReinforceGradient,
    RelaxGradient,
)
from dada.searching.methods.dada.one_step.gradients.relax import ControlVariate
from dada.searching.methods.dada.one_step.outcome import pathwise, straight_through
from dada.searching.methods.dada.one_step.settings import OneStepSettings
from dada.searching.methods.dada.one_step.updates import AdamUpdate, NaturalUpdate, Update

HYPERGRADIENTS = {
    "exact": exact,
    "traced": exact,
    "finite-difference": finite_difference,
    "first-order": first_order,
}
MAGNITUDES = {"sampled": None, "straight-through": straight_through, "pathwise": pathwise}


def policy_gradient(distribution: PolicyDistribution, settings: OneStepSettings) -> PolicyGradient:
    """The estimator that the settings name."""
    table = distribution.table
    if settings.estimator == "critic":
        return CriticGradient(table, distribution.spread, settings.memory)
    if settings.estimator == "reinforce":
        return ReinforceGradient()
    if settings.estimator == "gumbel-softmax":
        return GumbelSoftmaxGradient(settings.temperature)
    size, length = table.operation.shape
    control = ControlVariate(size, length, settings.hidden, settings.temperature)
    optimiser = torch.optim.Adam(control.parameters(), settings.control_lr, settings.betas)
    return RelaxGradient(control, optimiser)


def policy_update(distribution: PolicyDistribution, settings: OneStepSettings) -> Update:
    """The way of following the gradient that the settings name."""
    if settings.update == "natural":
        return NaturalUpdate(distribution, settings.policy_lr)
    return AdamUpdate(distribution, settings.policy_lr, settings.betas)
