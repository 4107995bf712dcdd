"""How the validation loss responds to the training images, through one unrolled SGD step.

The functions take callables and dictionaries of tensors; they know nothing about policies.
"""

from dada.bilevel.exact import exact, exact_rewards
from dada.bilevel.finite_difference import finite_difference, finite_difference_rewards
from dada.bilevel.first_order import first_order
from dada.bilevel.rewards import Hypergradient, Losses, Rewards
from dada.bilevel.trace import Trace, traceable
from dada.bilevel.unroll import look_ahead

__all__ = [
    "Hypergradient",
    "Losses",
    "Rewards",
    "Trace",
    "exact",
    "exact_rewards",
    "finite_difference",
    "finite_difference_rewards",
    "first_order",
    "look_ahead",
    "traceable",
]
