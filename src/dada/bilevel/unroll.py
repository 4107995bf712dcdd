"""The look-ahead: the weights after the optimiser's next step."""

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
    nesterov: bool = False,
    dampening: float = 0.0,
) -> Tensors:
    """w' = w − ξ (g + weight decay · w + momentum · buffer), as `torch.optim.SGD` computes it.

    Args:
        weights, gradient: w and g by name; g as SGD receives it, already clipped if it is clipped.
        momentum_buffer: SGD's buffers by name; empty before the first step.
        learning_rate: ξ.
        momentum, weight_decay, nesterov, dampening: SGD's settings.

    Examples:
        >>> import torch
        >>> w, g, buffer = ({"w": torch.tensor([x])} for x in (1.0, 2.0, 4.0))
        >>> look_ahead(w, g, buffer, learning_rate=0.1, momentum=0.5)  # 1 − 0.1 (2 + 0.5 · 4)
        {'w': tensor([0.6000])}
    """
    ahead = {}
    for name, weight in weights.items():
        decayed = step = gradient[name] + weight_decay * weight.detach()
        if name in momentum_buffer:
            fresh = (1 - dampening) * step if dampening else step
            step = fresh + momentum * momentum_buffer[name]
        if nesterov:
            step = decayed + momentum * step
        ahead[name] = weight.detach() - learning_rate * step
    return ahead
