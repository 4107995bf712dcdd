"""How validation loss reacts to the training images, through one unrolled SGD step.

Functions over callables and dictionaries of tensors; they know nothing of policies.
"""

from dada.bilevel.exact import exact_rewards
from dada.bilevel.finite_difference import finite_difference_rewards
from dada.bilevel.rewards import Losses, Rewards
from dada.bilevel.unroll import look_ahead

__all__ = ["Losses", "Rewards", "exact_rewards", "finite_difference_rewards", "look_ahead"]
