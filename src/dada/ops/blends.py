"""Enhancements: each image blended with a degenerate version of itself, as in `ImageEnhance`.

A factor of 0 gives the degenerate image, 1 the image itself, more exaggerates it.
"""

from __future__ import annotations

from functools import partial

import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from dada.ops.lookup import all_bytes, by_table
from dada.ops.registry import register

_enhancement = partial(
    register,
    low=0.1,
    high=1.9,
    identity=1,
    differentiable=True,
    describe="factor {:z.3g}".format,
)


def _blend(levels: Tensor, degenerate: Tensor | float, factors: Tensor) -> Tensor:
    """``degenerate + factor · (level − degenerate)``, of float32 levels."""
    # float32 with two roundings, as in Pillow's C code: no lerp, no addcmul.
    factors = factors.float().to(levels.device)
    return (levels - degenerate).mul_(factors).add_(degenerate)


def _all_levels(images: Tensor) -> Tensor:
    """0 to 255 for each image, float32 (B, 1, 256): a blend of these is a table."""
    return all_bytes(images).float().expand(len(images), 1, 256)


def _to_bytes(levels: Tensor) -> Tensor:
    """Clip and truncate levels to bytes; overwrites them."""
    # Via int16: PyTorch's direct conversion of floats to bytes takes four times as long.
    return levels.clamp_(0, 255).to(torch.int16).to(torch.uint8)


def _grey(levels: Tensor) -> Tensor:
    """Pillow's conversion of RGB, float32 (B, 3, H, W), to L, (B, 1, H, W)."""
    red, green, blue = levels.split(1, dim=1)
    # Pillow adds integer multiples in 1/65536. They stay below 2**24 of these, so float32 is exact.
    grey = (red * (19595 / 65536)).add_(green, alpha=38470 / 65536)
    return grey.add_(blue, alpha=7471 / 65536).add_(0.5).floor_()


def _pillow_contrast(image: Image.Image, value: float) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(value)


@_enhancement("Contrast", pillow=_pillow_contrast)
@by_table
def contrast(images: Tensor, values: Tensor) -> Tensor:
    """Away from, or towards, the rounded mean of the grey image, by a factor.

    Other images than RGB have no luma: the mean is that of all channels alike.
    """
    levels = images.float()
    grey = _grey(levels) if images.shape[1] == 3 else levels
    total = grey.to(torch.int32).sum((1, 2, 3)).view(-1, 1, 1)
    pixels = grey.shape[1:].numel()
    mean = (2 * total + pixels) // (2 * pixels)
    return _blend(_all_levels(images), mean.float(), values.view(-1, 1, 1))


def _pillow_color(image: Image.Image, value: float) -> Image.Image:
    return ImageEnhance.Color(image).enhance(value)


@_enhancement("Color", pillow=_pillow_color, rgb_only=True)
def color(images: Tensor, values: Tensor) -> Tensor:
    """Away from, or towards, the grey image, by a factor; a copy of images other than RGB."""
    if images.shape[1] != 3:
        return images.clone(memory_format=torch.contiguous_format)
    colored = images.contiguous().float()
    return _to_bytes(_blend(colored, _grey(colored), values.view(-1, 1, 1, 1)))


def _pillow_brightness(image: Image.Image, value: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(value)


@_enhancement("Brightness", pillow=_pillow_brightness)
@by_table
def brightness(images: Tensor, values: Tensor) -> Tensor:
    """Away from, or towards, black, by a factor."""
    return _blend(_all_levels(images), 0.0, values.view(-1, 1, 1))


def _smooth(levels: Tensor) -> Tensor:
    """Pillow's SMOOTH filter, (1 1 1; 1 5 1; 1 1 1) / 13, of all but the outermost pixels."""
    # Sums of bytes are exact in float32, and sum / 13 + 0.5 is never a whole number: it stays 1/26
    # away from one, out of reach of the rounding here and in Pillow.
    rows = (levels[..., :-2, :] + levels[..., 1:-1, :]).add_(levels[..., 2:, :])
    box = (rows[..., :-2] + rows[..., 1:-1]).add_(rows[..., 2:])
    return box.add_(levels[..., 1:-1, 1:-1], alpha=4).mul_(1 / 13).add_(0.5).floor_()


def _pillow_sharpness(image: Image.Image, value: float) -> Image.Image:
    return ImageEnhance.Sharpness(image).enhance(value)


@_enhancement("Sharpness", pillow=_pillow_sharpness)
def sharpness(images: Tensor, values: Tensor) -> Tensor:
    """Away from, or towards, the smoothed image, by a factor."""
    sharper, pixels = images.clone(memory_format=torch.contiguous_format), images.float()
    inner = (..., slice(1, -1), slice(1, -1))  # the outermost pixels stay
    blended = _blend(pixels[inner], _smooth(pixels), values.view(-1, 1, 1, 1))
    sharper[inner] = _to_bytes(blended)
    return sharper
