"""Gradients of an expectation over draws, for a function that need not be differentiable.

Every estimator is a pure function of explicit noise. It returns a surrogate, one number a draw,
whose gradient with respect to the parameters of that draw is the estimate.
"""

from dada.estimators.gumbel_softmax import gumbel_softmax
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
    "bernoulli",
    "bernoulli_given",
    "categorical",
    "categorical_given",
    "gumbel_softmax",
    "logistic",
    "open_uniform",
    "relax",
    "variance_objective",
]
