"""What a hypergradient is made of: the reward of each training image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

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


class RewardFunction(Protocol):
    """Rewards of images along a direction: `exact_rewards` or `finite_difference_rewards`."""

    def __call__(
        self,
        losses: Losses,
        weights: Tensors,
        direction: Tensors,
        images: Tensor,
        image_gradient: bool = False,
    ) -> Rewards:
        """See `exact_rewards`."""
        ...


class LookAhead(Protocol):
    """The weights at which the validation gradient is taken: `look_ahead` or `stay`."""

    def __call__(
        self,
        weights: Mapping[str, Tensor],
        gradient: Mapping[str, Tensor],
        momentum_buffer: Mapping[str, Tensor],
        learning_rate: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> Tensors:
        """See `look_ahead`."""
        ...


@dataclass(frozen=True)
class Hypergradient:
    """How validation loss reacts to the training images: where it is asked, and how.

    Attributes:
        ahead: the weights at which the validation gradient is taken.
        rewards: of the training images, along that gradient.
    """

    ahead: LookAhead
    rewards: RewardFunction
