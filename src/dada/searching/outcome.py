"""What the child network says of the draws: their rewards and, where asked for, derivatives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dada.augment import Draw, Pipeline, apply
from dada.bilevel import Rewards
from dada.searching.distribution import Sample


@dataclass(frozen=True)
class Batch:
    """B training images under G draws.

    Attributes:
        sample: the draws' choices.
        index: (B,) int64, which of the G draws each image got.
        draw: the draws, ready to apply, for B images.
        original: uint8 (B, C, H, W), what the draws were applied to.
        augmented: float (B, C, H, W), the result, normalised.
        mask: float, Cutout's; times `augmented` it is what the network sees.
    """

    sample: Sample
    index: Tensor
    draw: Draw
    original: Tensor
    augmented: Tensor
    mask: Tensor

    def per_draw(self, per_image: Tensor) -> Tensor:
        """(B,) to (G,) float64 on the CPU: the mean over each draw's images."""
        draws = len(self.sample.sub_policy)
        total = torch.zeros(draws, dtype=torch.float64)
        values = per_image.detach().double().cpu()
        return total.index_add_(0, self.index, values) * (draws / len(self.index))


@dataclass(frozen=True)
class Outcome:
    """Rewards of G draws, in units of their usual size, and derivatives of the rewards.

    Attributes:
        reward: (G,) float64.
        selection_derivative: (G,) in the chosen sub-policy's one of the relaxed selection, or None.
        applied_derivative: (G, K) in the bits, or None.
        magnitude_derivative: (G, K) straight-through: Σ over pixels of ∂reward/∂image, or None.
    """

    reward: Tensor
    selection_derivative: Tensor | None = None
    applied_derivative: Tensor | None = None
    magnitude_derivative: Tensor | None = None


def outcome(
    batch: Batch, rewards: Rewards, unit: Tensor, pipeline: Pipeline, relaxed: bool, straight: bool
) -> Outcome:
    """Rewards and derivatives of a batch's draws.

    Args:
        rewards: of the B images; with the image gradient if `relaxed` or `straight`.
        unit: the usual size of a reward.
        relaxed: give the derivatives in selection and bits.
        straight: give the straight-through derivative in the magnitudes.
    """
    length = batch.draw.applied.shape[1]

    def along(difference: Tensor) -> Tensor:
        """(G,) derivative of the reward as the images move along `difference`."""
        assert rewards.image_gradient is not None
        return batch.per_draw((rewards.image_gradient * difference).flatten(1).sum(1)) / unit

    selection = applied = magnitude = None
    if relaxed:
        selection = along(batch.augmented - pipeline.normalise(batch.original))
        bits = [along(_with_less_without(batch, pipeline, k)) for k in range(length)]
        applied = torch.stack(bits, dim=1)
    if straight:
        magnitude = along(torch.ones_like(batch.augmented))[:, None].expand(-1, length)
    return Outcome(batch.per_draw(rewards.value) / unit, selection, applied, magnitude)


def _with_less_without(batch: Batch, pipeline: Pipeline, k: int) -> Tensor:
    """Images with operation k less images without it.

    That is the derivative in bit k of the multilinear relaxation, whose corners are the images
    under all 2^K outcomes.
    """
    flipped = batch.draw.applied.clone()
    flipped[:, k] = ~flipped[:, k]
    other = pipeline.normalise(apply(batch.original, replace(batch.draw, applied=flipped)))
    sign = torch.where(batch.draw.applied[:, k], 1.0, -1.0).to(other.device)
    return sign[:, None, None, None] * (batch.augmented - other)
