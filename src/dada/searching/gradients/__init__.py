"""From rewards to the gradient of the policy distribution: the estimators at work.

The search loop never asks which one it got.
"""

from dada.searching.gradients.critic import CriticGradient
from dada.searching.gradients.gumbel_softmax import GumbelSoftmaxGradient
from dada.searching.gradients.reinforce import ReinforceGradient
from dada.searching.gradients.relax import RelaxGradient
from dada.searching.gradients.strategy import PolicyGradient

__all__ = [
    "CriticGradient",
    "GumbelSoftmaxGradient",
    "PolicyGradient",
    "ReinforceGradient",
    "RelaxGradient",
]
