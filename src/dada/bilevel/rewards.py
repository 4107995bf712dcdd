"""The parts of a hypergradient: where the validation gradient is taken, and image rewards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

Tensors = dict[str, Tensor]
Losses = Callable[[Tensors, Tensor], Tensor]
"""(weights, images (B, …)) → one loss per image (B,)."""


@dataclass(frozen=True)
class Rewards:
    """How much a step on each image reduces the validation loss.

    With validation gradient v and training loss ℓᵢ of image i, ρᵢ = ⟨v, ∇w ℓᵢ⟩. One SGD step
    of size ξ on the batch mean changes the validation loss by −ξ · mean ρ to first order, so a
    large reward is good (DADA, eqs. 9 and 10, rearranged for each image).

    Attributes:
        value: (B,) ρ.
        image_gradient: (B, …) ∂(Σρ)/∂images, or None if it was not requested.
    """

    value: Tensor
    image_gradient: Tensor | None = None

    @classmethod
    def join(cls, parts: Iterable[Rewards]) -> Rewards:
        """Concatenate the rewards of several batches.

        Examples:
            >>> import torch
            >>> parts = [Rewards(torch.tensor([1.0, 2.0])), Rewards(torch.tensor([3.0]))]
            >>> Rewards.join(parts).value
            tensor([1., 2., 3.])
        """
        found = list(parts)
        gradients = [p.image_gradient for p in found if p.image_gradient is not None]
        return cls(torch.cat([p.value for p in found]), torch.cat(gradients) if gradients else None)


@dataclass(frozen=True)
class Hypergradient:
    """A way to compute how the validation loss responds to the training images.

    Attributes:
        ahead: gives the weights at which the validation gradient is taken; called like
            `look_ahead`.
        rewards: gives the training images' rewards along that gradient; called like
            `exact_rewards`.
    """

    ahead: Callable[..., Tensors]
    rewards: Callable[..., Rewards]
