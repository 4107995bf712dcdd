"""Gradients of an expectation over draws, for a function that need not be differentiable.

Every estimator is a pure function of explicit noise. It returns a surrogate, one number per draw;
the gradient of a draw's surrogate with respect to the parameters is that draw's estimate.
"""

from dada.estimators.baselines import leave_one_out, resemblance_of_views
from dada.estimators.critic import with_critic
from dada.estimators.gumbel_softmax import gumbel_softmax
from dada.estimators.rebar import rebar
from dada.estimators.regression import Regression
from dada.estimators.reinforce import reinforce
from dada.estimators.relax import relax, variance_objective
from dada.estimators.relaxation import (
    bernoulli,
    bernoulli_given,
    categorical,
    categorical_given,
    logistic,
    open_uniform,
)

__all__ = [
    "Regression",
    "bernoulli",
    "bernoulli_given",
    "categorical",
    "categorical_given",
    "gumbel_softmax",
    "leave_one_out",
    "logistic",
    "open_uniform",
    "rebar",
    "reinforce",
    "relax",
    "resemblance_of_views",
    "variance_objective",
    "with_critic",
]
