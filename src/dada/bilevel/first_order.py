"""First order: the validation gradient where the weights are, without looking ahead.

DARTS drops the look-ahead by differentiating the validation loss itself (Liu et al. 2019,
section 2.3), which is zero here, since validation images are not augmented. What is left of it
is the step's effect at vanishing step size: a reward is the alignment of an image's gradient with
the validation gradient at the same weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from dada.bilevel.exact import exact_rewards
from dada.bilevel.rewards import Hypergradient, Tensors


def stay(weights: Mapping[str, Tensor], *rest: Any, **options: Any) -> Tensors:
    """The weights as they are; called like `look_ahead`."""
    return {name: weight.detach() for name, weight in weights.items()}


first_order = Hypergradient(stay, exact_rewards)
