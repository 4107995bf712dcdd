"""Enhancements: each image blended with a degenerate version of itself, as in `ImageEnhance`.

A factor of 0 gives the degenerate image, 1 the image itself, more exaggerates it.
"""

from __future__ import annotations

from functools import partial

import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from dada.ops.registry import register

_enhancement = partial(
    register,
    low=0.1,
    high=1.9,
    identity=1,
    differentiable=True,
    describe="factor {:z.3g}".format,
)


def _blend(degenerate: Tensor | float, images: Tensor, factors: Tensor) -> Tensor:
    """``degenerate + factor · (image − degenerate)``, clipped and truncated to a byte."""
    # In float32 and with two roundings, because Pillow's C code does so: no lerp, no addcmul.
    factor = factors.to(images.device, torch.float32).view(-1, 1, 1, 1)
    blended = images.float().sub_(degenerate).mul_(factor).add_(degenerate)
    return blended.clamp_(0, 255).to(torch.uint8).contiguous()


def _grey(images: Tensor, operation: str) -> Tensor:
    """Pillow's conversion to L: int32 (B, 1, H, W)."""
    levels = images.int()
    if images.shape[1] == 1:
        return levels
    if images.shape[1] != 3:
        raise ValueError(f"{operation} needs 1 or 3 channels, got {images.shape[1]}")
    red, green, blue = levels.split(1, dim=1)
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16


def _pillow_contrast(image: Image.Image, value: float) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(value)


@_enhancement("Contrast", pillow=_pillow_contrast)
def contrast(images: Tensor, values: Tensor) -> Tensor:
    """Away from, or towards, the rounded mean of the grey image, by a factor.

    Raises:
        ValueError: neither 1 nor 3 channels.
    """
    total = _grey(images, "Contrast").sum((1, 2, 3), keepdim=True)
    pixels = images.shape[2] * images.shape[3]
    mean = (2 * total + pixels) // (2 * pixels)
    return _blend(mean.float(), images, values)


def _pillow_color(image: Image.Image, value: float) -> Image.Image:
    return ImageEnhance.Color(image).enhance(value)


@_enhancement("Color", pillow=_pillow_color, color_only=True)
def color(images: Tensor, values: Tensor) -> Tensor:
    """Away from, or towards, the grey image, by a factor; a copy of one-channel images.

    Raises:
        ValueError: neither 1 nor 3 channels.
    """
    if images.shape[1] == 1:
        return images.clone(memory_format=torch.contiguous_format)
    return _blend(_grey(images, "Color").float(), images, values)


def _pillow_brightness(image: Image.Image, value: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(value)


@_enhancement("Brightness", pillow=_pillow_brightness)
def brightness(images: Tensor, values: Tensor) -> Tensor:
    """Away from, or towards, black, by a factor."""
    return _blend(0.0, images, values)


def _smooth(images: Tensor) -> Tensor:
    """Pillow's SMOOTH filter, (1 1 1; 1 5 1; 1 1 1) / 13, as float32; the outermost pixels stay."""
    # Sums of bytes are exact in float32, and sum / 13 + 0.5 is never a whole number: its nearest
    # distance to one, 1/26, is out of reach of the rounding here and in Pillow.
    levels = images.float()
    rows = levels[..., :-2, :] + levels[..., 1:-1, :] + levels[..., 2:, :]
    box = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
    smoothed = levels.clone()
    smoothed[..., 1:-1, 1:-1] = ((box + 4 * levels[..., 1:-1, 1:-1]) / 13 + 0.5).floor()
    return smoothed


def _pillow_sharpness(image: Image.Image, value: float) -> Image.Image:
    return ImageEnhance.Sharpness(image).enhance(value)


@_enhancement("Sharpness", pillow=_pillow_sharpness)
def sharpness(images: Tensor, values: Tensor) -> Tensor:
    """Away from, or towards, the smoothed image, by a factor."""
    return _blend(_smooth(images), images, values)
