"""What draws earned: their rewards and, where needed, the rewards' derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dada.augment import Draw, apply
from dada.compute.distributed import ALONE, Processes
from dada.ops import get
from dada.searching.sample import Sample

_NEARBY = 1 / 16  # how far a magnitude is moved for its difference quotient


@dataclass(frozen=True)
class Batch:
    """B images, views of the training images, under G draws: this process's part of a batch.

    Attributes:
        sample: the G draws.
        index: (B,) int64, the draw that each image got.
        draw: the draws, ready to apply, for B images.
        original: uint8 (B, C, H, W), what the draws were applied to.
        augmented: float (B, C, H, W), the result, normalised.
        mask: float, Cutout's; the network sees its product with `augmented`.
        prepare: uint8 (B, C, H, W) to normalised float: what follows the policy, already drawn.
        whole: images in the whole batch, over all processes.
        processes: those that share it.
    """

    sample: Sample
    index: Tensor
    draw: Draw
    original: Tensor
    augmented: Tensor
    mask: Tensor
    prepare: Callable[[Tensor], Tensor]
    whole: int
    processes: Processes = ALONE

    def per_draw(self, per_image: Tensor) -> Tensor:
        """(B,) to (G,) float64 on the CPU: the mean over each draw's images in all processes."""
        draws = len(self.sample)
        total = torch.zeros(draws, dtype=torch.float64)
        total.index_add_(0, self.index, per_image.detach().double().cpu())
        return self.processes.sum(total, per_image.device) * (draws / self.whole)


@dataclass(frozen=True)
class Outcome:
    """What G draws earned, in units of a reward's usual size, and derivatives of the rewards.

    Attributes:
        advantage: (G,) float64, rewards less their baselines.
        selection_derivative: (G,) with respect to the chosen sub-policy's coordinate of the relaxed
            selection, or None.
        applied_derivative: (G, K) with respect to the bits, or None.
        magnitude_derivative: (G, K) with respect to the magnitudes, NaN where an operation has
            none, or None.
    """

    advantage: Tensor
    selection_derivative: Tensor | None = None
    applied_derivative: Tensor | None = None
    magnitude_derivative: Tensor | None = None


MagnitudeDerivative = Callable[[Batch, Tensor], Tensor]
"""(batch, ∂(Σρ)/∂image) → (G, K), NaN where there is none."""


def relaxed_derivatives(batch: Batch, image_gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of the rewards with respect to the relaxed selection (G,) and bits (G, K).

    The relaxation is multilinear: its corners are the images under all 2^K outcomes, so the
    derivative in a bit is along the image with the operation less the image without it.
    """
    unchanged = batch.prepare(batch.original)
    selection = _along(batch, image_gradient, batch.augmented - unchanged)
    bits = []
    for k in range(batch.draw.applied.shape[1]):
        flipped = batch.draw.applied.clone()
        flipped[:, k] = ~flipped[:, k]
        other = batch.prepare(apply(batch.original, replace(batch.draw, applied=flipped)))
        sign = torch.where(batch.draw.applied[:, k], 1.0, -1.0).to(other.device)
        difference = sign[:, None, None, None] * (batch.augmented - other)
        bits.append(_along(batch, image_gradient, difference))
    return selection, torch.stack(bits, dim=1)


def straight_through(batch: Batch, image_gradient: Tensor) -> Tensor:
    """∂image/∂magnitude = 1 at every pixel (DADA, section 3.2)."""
    along = _along(batch, image_gradient, torch.ones_like(batch.augmented))
    return along[:, None].expand(-1, batch.draw.applied.shape[1])


def pathwise(batch: Batch, image_gradient: Tensor) -> Tensor:
    """∂image/∂magnitude by a difference quotient, for differentiable operations.

    The quotient is taken through the operations that follow, whatever they are. The two magnitudes
    are well apart, as bytes are rounded.
    """
    smooth = torch.tensor([get(name).differentiable for name in batch.draw.operations])
    columns = []
    for k in range(batch.draw.applied.shape[1]):
        sides = []
        for sign in (1.0, -1.0):
            value = batch.draw.value.clone()
            value[:, k] += sign * _NEARBY * batch.draw.slope[:, k]
            moved = apply(batch.original, replace(batch.draw, value=value))
            sides.append(batch.prepare(moved))
        along = _along(batch, image_gradient, (sides[0] - sides[1]) / (2 * _NEARBY))
        # All images of a draw share its operation.
        known = batch.per_draw(smooth[batch.draw.operation[:, k]].double()) > 0
        columns.append(along.where(known, float("nan")))
    return torch.stack(columns, dim=1)


def _along(batch: Batch, image_gradient: Tensor, difference: Tensor) -> Tensor:
    """(G,) derivative of the reward as the images move along `difference`."""
    return batch.per_draw((image_gradient * difference).flatten(1).sum(1))
