"""Operations on one pixel value at a time: AutoContrast, Invert, Equalize, Solarize, Posterize."""

from __future__ import annotations

from functools import cache

import torch
from PIL import Image, ImageOps
from torch import Tensor

from dada.ops.lookup import all_bytes, by_table
from dada.ops.registry import register


def _pillow_auto_contrast(image: Image.Image, value: float) -> Image.Image:
    return ImageOps.autocontrast(image)


@register("AutoContrast", pillow=_pillow_auto_contrast)
@by_table
def auto_contrast(images: Tensor, values: Tensor) -> Tensor:
    """Stretch each channel linearly so that its extremes become 0 and 255."""
    pixels = images.flatten(2)
    low, high = pixels.amin(2), pixels.amax(2)
    if images.device.type == "cpu":
        return _stretched(low, high)
    return _every_stretch(images.device)[low.long(), high.long()]


def _stretched(low: Tensor, high: Tensor) -> Tensor:
    """Tables that send bytes (...) low and high to 0 and 255; float64 (..., 256), on the CPU."""
    level = torch.arange(256, dtype=torch.float64, device="cpu")
    low, high = low.unsqueeze(-1).double(), high.unsqueeze(-1).double()
    # Not `255.0 / range`: PyTorch computes that as 255 times the reciprocal, which rounds twice.
    scale = torch.full_like(low, 255.0) / (high - low).clamp(min=1)
    stretched = level * scale + -low * scale
    return torch.where(high > low, stretched, level)


@cache
def _every_stretch(device: torch.device) -> Tensor:
    """The tables of all lows and highs, uint8 (256, 256, 256): 16 MB, made once per device."""
    # Pillow's bytes take float64, which an accelerator may lack.
    high = torch.arange(256, device="cpu")
    tables = [_stretched(torch.full_like(high, low), high) for low in range(256)]
    return torch.stack([t.clamp_(0, 255).to(torch.uint8) for t in tables]).to(device)


def _pillow_invert(image: Image.Image, value: float) -> Image.Image:
    return ImageOps.invert(image)


@register("Invert", pillow=_pillow_invert)
@by_table
def invert(images: Tensor, values: Tensor) -> Tensor:
    """255 minus each pixel."""
    return 255 - all_bytes(images)


def _histogram(images: Tensor) -> Tensor:
    """How often each byte occurs in each channel: int64 (B, C, 256)."""
    B, C = images.shape[:2]
    pixels = images.flatten(2)
    if images.device.type == "cpu":
        first = torch.arange(0, B * C * 256, 256, dtype=torch.int32, device="cpu").view(B, C, 1)
        return (pixels + first).flatten().bincount(minlength=B * C * 256).view(B, C, 256)
    # bincount would wait for a GPU; on a CPU this takes twice as long.
    pixels = pixels.long()
    return pixels.new_zeros(B, C, 256).scatter_add_(2, pixels, torch.ones_like(pixels))


def _pillow_equalize(image: Image.Image, value: float) -> Image.Image:
    return ImageOps.equalize(image)


@register("Equalize", pillow=_pillow_equalize)
@by_table
def equalize(images: Tensor, values: Tensor) -> Tensor:
    """Flatten each channel's histogram, in Pillow's integer arithmetic."""
    histogram = _histogram(images)
    below = histogram.cumsum(2) - histogram
    brightest = histogram.gather(2, images.flatten(2).amax(2, keepdim=True).long())
    step = (images.shape[2] * images.shape[3] - brightest) // 255
    flattened = (step // 2 + below) // step.clamp(min=1)
    # A step of 0 (few pixels, or one value only) leaves the channel as it is.
    return torch.where(step > 0, flattened, all_bytes(images))


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
@by_table
def solarize(images: Tensor, values: Tensor) -> Tensor:
    """Invert the pixels that are not below the value, a threshold from 0 to 256."""
    level = all_bytes(images)
    # A byte is below the threshold where it is below the next whole number.
    threshold = values.clamp(0, 256).ceil().long().to(images.device)
    return torch.where(level < threshold.view(-1, 1, 1), level, 255 - level)


def _pillow_posterize(image: Image.Image, value: float) -> Image.Image:
    return ImageOps.posterize(image, _whole_bits(value))


def _whole_bits(value: float) -> int:
    return int(min(max(value, 1), 8))


def _bits(value: float) -> str:
    return f"{_whole_bits(value)} bits"


@register("Posterize", low=4, high=8, identity=8, describe=_bits, pillow=_pillow_posterize)
@by_table
def posterize(images: Tensor, values: Tensor) -> Tensor:
    """Keep the highest int(value) bits of each pixel; outside 1 to 8 the nearer end counts."""
    bits = values.clamp(1, 8).long().to(images.device).view(-1, 1, 1)
    return all_bytes(images) & (-1 << (8 - bits))
