"""What a hypergradient is made of: the reward of each training image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

Tensors = dict[str, Tensor]
Losses = Callable[[Tensors, Tensor], Tensor]
"""(weights, images (B, …)) → loss of each image (B,)."""


@dataclass(frozen=True)
class Rewards:
    """How far a step on each image moves the validation loss.

    With validation gradient v and training loss ℓᵢ of image i, ρᵢ = ⟨v, ∇w ℓᵢ⟩. One SGD step
    of size ξ on the batch mean changes the validation loss by −ξ · mean ρ to first order, so a
    large reward is good (DADA, eqs. 9 and 10, rearranged per image).

    Attributes:
        value: (B,) ρ.
        image_gradient: (B, …) ∂(Σρ)/∂images, or None where it was not asked for.
    """

    value: Tensor
    image_gradient: Tensor | None = None
