"""Exact rewards: one forward-mode pass, and reverse over it for the images."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor
from torch.func import jvp

from dada.bilevel.rewards import Hypergradient, Losses, Rewards, Tensors
from dada.bilevel.unroll import look_ahead


def exact_rewards(
    losses: Losses,
    weights: Tensors,
    direction: Tensors,
    images: Tensor,
    image_gradient: bool = False,
) -> Rewards:
    """ρᵢ = d/dε ℓᵢ(w + εv) at ε = 0, for all images in one pass and with no step to choose.

    Args:
        losses: (weights, images) → (B,); must not write to any state.
        weights: w, where the rewards are taken.
        direction: v, the validation gradient; same names and shapes.
        images: (B, …) float.
        image_gradient: also give ∂(Σρ)/∂images (two to three times the work).
    """
    weights = {name: weight.detach() for name, weight in weights.items()}
    if not image_gradient:
        with torch.no_grad():
            value = _directional_derivative(losses, weights, direction, images)
        return Rewards(value.detach())
    images = images.detach().requires_grad_()
    value = _directional_derivative(losses, weights, direction, images)
    (gradient,) = torch.autograd.grad(value.sum(), images)
    return Rewards(value.detach(), gradient)


def _directional_derivative(
    losses: Losses, weights: Tensors, direction: Tensors, images: Tensor
) -> Tensor:
    with warnings.catch_warnings():
        # PyTorch's own first use of forward mode calls what PyTorch has deprecated.
        warnings.filterwarnings("ignore", "`torch.jit", FutureWarning)
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        return jvp(lambda w: losses(w, images), (weights,), (direction,))[1]


exact = Hypergradient(look_ahead, exact_rewards)
