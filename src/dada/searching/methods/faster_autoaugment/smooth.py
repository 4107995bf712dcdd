"""Operations with derivatives: of the image that comes out, in its magnitude and in the image.

The kernels work on bytes and sample the nearest pixel. A search by gradients sees through that.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dada.ops import OperationType, TwoStep
from dada.ops.affine import affine
from dada.ops.lookup import look_up

# How far a magnitude is moved for its difference quotient: where the nearest pixel is taken, a
# small step would change nothing.
_NEARBY = 1 / 8
_LEVELS = 8  # how far a byte is moved for the slope of a table: half a step of Posterize's fewest


def to_bytes(images: Tensor) -> Tensor:
    """Float images in [0, 1] as uint8, to the nearest level."""
    return (images.detach() * 255).round_().clamp_(0, 255).to(torch.uint8)


def smooth(
    operation: OperationType, images: Tensor, magnitude: Tensor, line: Tensor, place: Tensor
) -> Tensor:
    """Apply an operation to every image, with its derivatives.

    With respect to an image: that of affine maps is exact, as they only move pixels; that of
    operations by table is the table's slope; of others it is 1 (straight through).
    With respect to the magnitude: a difference quotient for affine maps and for those operations
    whose pixels change smoothly with it. For others it is straight through: a pixel changes by 1
    along the operation's whole range (Faster AutoAugment, section 3).

    Args:
        operation: the operation.
        images: float32 (B, C, H, W) in [0, 1].
        magnitude: float64 (B,) in [0, 1], on the CPU.
        line: float64 (B, 2) on the CPU, the value as offset and slope of the magnitude.
        place: float64 (B, 2) on the CPU in [0, 1), as kernels take it.

    Returns:
        Float32 (B, C, H, W); affine maps give the pixels as they are, the others whole levels.
    """
    pixels, kernel = to_bytes(images), operation.kernel
    offset, slope = line.unbind(1)
    values = offset + slope * magnitude.detach()
    if operation.affine_map is not None:
        changed = affine(images, operation.affine_map(pixels, values))
    elif isinstance(kernel, TwoStep) and kernel.finish is look_up:
        tables = kernel.prepare(pixels, values)
        changed = look_up(pixels, tables).float() / 255
        changed = changed + (images - images.detach()) * _slopes(pixels, tables)
    else:
        changed = _bytes_after(operation, pixels, values, place) / 255
        changed = changed + (images - images.detach())
    if not (magnitude.requires_grad and operation.has_magnitude):
        return changed
    if operation.differentiable or operation.affine_map is not None:
        step = slope * _NEARBY
        above, below = (_bytes_after(operation, pixels, values + s * step, place) for s in (1, -1))
        rate = (above - below) / (255 * 2 * _NEARBY)
    else:
        rate = slope.to(images).view(-1, 1, 1, 1) / (operation.high - operation.low)
    return changed + (magnitude - magnitude.detach()).to(images).view(-1, 1, 1, 1) * rate


def _bytes_after(operation: OperationType, pixels: Tensor, values: Tensor, place: Tensor) -> Tensor:
    return operation.kernel(pixels, values, *((place,) if operation.random_place else ())).float()


def _slopes(pixels: Tensor, tables: Tensor) -> Tensor:
    """The slope of each pixel's table there, over some levels; float32 (B, C, H, W)."""
    level = torch.arange(256, device=tables.device)
    above, below = (level + _LEVELS).clamp(max=255), (level - _LEVELS).clamp(min=0)
    entries = tables.float().clamp(0, 255)
    slopes = (entries[..., above] - entries[..., below]) / (above - below)
    return slopes.gather(2, pixels.flatten(2).long()).view(pixels.shape)
