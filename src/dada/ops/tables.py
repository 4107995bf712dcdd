"""Operations on one pixel value at a time: AutoContrast, Invert, Equalize, Solarize, Posterize.

Where the map depends on the image's histogram it is a table of 256 entries per channel.
"""

from __future__ import annotations

import torch
from PIL import Image, ImageOps
from torch import Tensor

from dada.ops.registry import register


def _look_up(images: Tensor, tables: Tensor) -> Tensor:
    """Each channel through its own table; the tables are (B, C, 256), clipped to a byte."""
    entries = tables.clamp(0, 255).to(torch.uint8)
    return entries.gather(2, images.flatten(2).long()).view(images.shape)


def _pillow_auto_contrast(image: Image.Image, value: float) -> Image.Image:
    return ImageOps.autocontrast(image)


@register("AutoContrast", pillow=_pillow_auto_contrast)
def auto_contrast(images: Tensor, values: Tensor) -> Tensor:
    """Stretch each channel linearly so that its extremes become 0 and 255."""
    pixels = images.flatten(2)
    low, high = pixels.amin(2, keepdim=True).double(), pixels.amax(2, keepdim=True).double()
    level = torch.arange(256, dtype=torch.float64, device=images.device)
    # Not `255.0 / range`: PyTorch computes that as 255 times the reciprocal, which rounds twice.
    scale = torch.full_like(low, 255.0) / (high - low).clamp(min=1)
    stretched = level * scale + -low * scale
    return _look_up(images, torch.where(high > low, stretched, level))


def _pillow_invert(image: Image.Image, value: float) -> Image.Image:
    return ImageOps.invert(image)


@register("Invert", pillow=_pillow_invert)
def invert(images: Tensor, values: Tensor) -> Tensor:
    """255 minus each pixel."""
    return 255 - images.contiguous()


def _pillow_equalize(image: Image.Image, value: float) -> Image.Image:
    return ImageOps.equalize(image)


@register("Equalize", pillow=_pillow_equalize)
def equalize(images: Tensor, values: Tensor) -> Tensor:
    """Flatten each channel's histogram, in Pillow's integer arithmetic."""
    pixels = images.flatten(2).long()
    histogram = pixels.new_zeros(*pixels.shape[:2], 256)
    histogram.scatter_add_(2, pixels, pixels.new_ones(1).expand_as(pixels))
    below = histogram.cumsum(2) - histogram
    brightest = histogram.gather(2, pixels.amax(2, keepdim=True))
    step = (pixels.shape[2] - brightest) // 255
    flattened = (step // 2 + below) // step.clamp(min=1)
    # A step of 0 (few pixels, or one value only) leaves the channel as it is.
    level = torch.arange(256, device=images.device)
    return _look_up(images, torch.where(step > 0, flattened, level))


def _pillow_solarize(image: Image.Image, value: float) -> Image.Image:
    # Pillow compares with the threshold, so a float is as good as the int of its type hint.
    return ImageOps.solarize(image, value)  # type: ignore[arg-type]


@register(
    "Solarize",
    low=0,
    high=256,
    identity=256,
    describe="threshold {:z.3g}".format,
    pillow=_pillow_solarize,
)
def solarize(images: Tensor, values: Tensor) -> Tensor:
    """Invert the pixels that are not below the value, a threshold from 0 to 256."""
    # An integer is below a threshold exactly if it is below the next integer up.
    threshold = values.to(images.device).ceil().clamp(0, 256).to(torch.int16).view(-1, 1, 1, 1)
    inverting = (images >= threshold).to(torch.uint8) * 255
    return (images ^ inverting).contiguous()


def _pillow_posterize(image: Image.Image, value: float) -> Image.Image:
    return ImageOps.posterize(image, int(value))


def _bits(value: float) -> str:
    return f"{int(value)} bits"


@register("Posterize", low=4, high=8, identity=8, describe=_bits, pillow=_pillow_posterize)
def posterize(images: Tensor, values: Tensor) -> Tensor:
    """Keep the highest int(value) bits of each pixel; outside 1 to 8 the nearer end counts."""
    bits = values.to(images.device).long().clamp(1, 8)
    masks = (-1 << (8 - bits)).bitwise_and(255).to(torch.uint8)
    return (images & masks.view(-1, 1, 1, 1)).contiguous()
