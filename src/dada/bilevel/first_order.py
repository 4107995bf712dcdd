"""First order: the validation gradient at the current weights, without looking ahead.

First-order DARTS drops the look-ahead and differentiates the validation loss directly (Liu et al.
2019, section 2.3). Here that derivative is zero, because validation images are not augmented. What
remains is the effect of a vanishing step: a reward is the inner product of an image's gradient and
the validation gradient at the same weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from dada.bilevel.exact import exact_rewards
from dada.bilevel.rewards import Hypergradient, Tensors


def stay(weights: Mapping[str, Tensor], *rest: Any, **options: Any) -> Tensors:
    """The weights unchanged; called like `look_ahead`.

    Examples:
        >>> import torch
        >>> stay({"w": torch.tensor([1.0])}, {"w": torch.tensor([2.0])}, {}, learning_rate=0.1)
        {'w': tensor([1.])}
    """
    return {name: weight.detach() for name, weight in weights.items()}


first_order = Hypergradient(stay, exact_rewards)
