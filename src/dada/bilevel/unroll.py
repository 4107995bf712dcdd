"""The look-ahead: the weights that the optimiser's next step would give."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from dada.bilevel.rewards import Tensors


def look_ahead(
    weights: Mapping[str, Tensor],
    gradient: Mapping[str, Tensor],
    momentum_buffer: Mapping[str, Tensor],
    learning_rate: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> Tensors:
    """w' = w − ξ (g + weight decay · w + momentum · buffer), as `torch.optim.SGD` makes it.

    Args:
        weights, gradient: w and g by name.
        momentum_buffer: SGD's buffers by name; missing ones (before the first step) count as 0.
        learning_rate: ξ.
    """
    ahead = {}
    for name, weight in weights.items():
        step = gradient[name] + weight_decay * weight.detach()
        if name in momentum_buffer:
            step = step + momentum * momentum_buffer[name]
        ahead[name] = weight.detach() - learning_rate * step
    return ahead
