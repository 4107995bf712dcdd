"""Cutout: a square of the image is painted over, as in Fast AutoAugment."""

from __future__ import annotations

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from dada.ops.registry import register

# The mean colour of ImageNet, and its luma for grey images.
_COLOR = (125, 123, 114)
_GREY = (19595 * _COLOR[0] + 38470 * _COLOR[1] + 7471 * _COLOR[2] + 0x8000) >> 16


def _pillow_cutout(image: Image.Image, value: float, place: tuple[float, float]) -> Image.Image:
    result = image.copy()
    size = value * image.width
    if size <= 0:
        return result
    x0 = int(max(0, place[0] * image.width - size / 2))
    y0 = int(max(0, place[1] * image.height - size / 2))
    x1, y1 = min(image.width, x0 + size), min(image.height, y0 + size)
    fill = _GREY if image.mode == "L" else _COLOR
    ImageDraw.Draw(result).rectangle((x0, y0, x1, y1), fill=fill)
    return result


def _span(places: Tensor, sizes: Tensor, count: int) -> Tensor:
    """Which of `count` pixels along one side are covered: 1 or 0, uint8 (B, count)."""
    start = (places * count - sizes / 2).clamp(min=0).floor()
    # Pillow truncates the corners and draws both ends, so even a tiny size covers one pixel.
    end = (start + sizes).clamp(max=count).floor()
    pixel = torch.arange(count, device=places.device)
    return ((pixel >= start) & (pixel <= end) & (sizes > 0)).to(torch.uint8)


@register(
    "Cutout",
    low=0,
    high=0.2,
    identity=0,
    random_place=True,
    describe="{:z.2g} of the width".format,
    pillow=_pillow_cutout,
)
def cutout(images: Tensor, values: Tensor, places: Tensor) -> Tensor:
    """Fill a square with (125, 123, 114), or the luma of that on one-channel images.

    Args:
        images: uint8 (B, C, H, W) with 1 or 3 channels.
        values: side of the square as a fraction of the width; 0 or less changes nothing.
        places: (B, 2) in [0, 1), the centre's x and y as fractions of the width and height.

    Raises:
        ValueError: neither 1 nor 3 channels.
    """
    C, H, W = images.shape[1:]
    if C not in (1, 3):
        raise ValueError(f"Cutout needs 1 or 3 channels, got {C}")
    sizes = values.to(images.device, torch.float64).view(-1, 1) * W
    x, y = places.to(images.device, torch.float64).split(1, dim=1)
    covered = _span(y, sizes, H)[:, None, :, None] * _span(x, sizes, W)[:, None, None, :]
    colour = images.new_tensor(_COLOR if C == 3 else (_GREY,)).view(1, C, 1, 1)
    # Flip the bits that differ from the colour: ten times as fast as a choice pixel by pixel.
    return (images.contiguous() ^ colour).mul_(covered).bitwise_xor_(images)
