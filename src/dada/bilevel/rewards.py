"""What a hypergradient is made of: the reward of each training image."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
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

    @classmethod
    def join(cls, parts: Iterable[Rewards]) -> Rewards:
        """The rewards of several batches as those of one."""
        found = list(parts)
        gradients = [p.image_gradient for p in found if p.image_gradient is not None]
        return cls(torch.cat([p.value for p in found]), torch.cat(gradients) if gradients else None)


@dataclass(frozen=True)
class Hypergradient:
    """How validation loss reacts to the training images: where it is asked, and how.

    Attributes:
        ahead: the weights at which the validation gradient is taken; called like `look_ahead`.
        rewards: of the training images, along that gradient; called like `exact_rewards`.
    """

    ahead: Callable[..., Tensors]
    rewards: Callable[..., Rewards]
