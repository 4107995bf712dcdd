"""From rewards to the gradient of the policy distribution: the estimators applied to draws.

The search loop never asks which one it got.
"""

from dada.searching.methods.dada.one_step.gradients.critic import CriticGradient
from dada.searching.methods.dada.one_step.gradients.gumbel_softmax import GumbelSoftmaxGradient
from dada.searching.methods.dada.one_step.gradients.reinforce import ReinforceGradient
from dada.searching.methods.dada.one_step.gradients.relax import RelaxGradient
from dada.searching.methods.dada.one_step.gradients.strategy import PolicyGradient

__all__ = [
    "CriticGradient",
    "GumbelSoftmaxGradient",
    "PolicyGradient",
    "ReinforceGradient",
    "RelaxGradient",
]
