"""Cutout: paint over a square of the image, as in Fast AutoAugment."""

from __future__ import annotations

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from dada.ops.registry import register

# The mean colour of ImageNet, and its luma for every channel of images other than RGB.
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
    """Fill a square with (125, 123, 114), or the luma of that in images other than RGB.

    Args:
        images: uint8 (B, C, H, W).
        values: side of the square as a fraction of the width; 0 or less changes nothing.
        places: (B, 2) in [0, 1), the centre's x and y as fractions of the width and height.
    """
    C, H, W = images.shape[1:]
    # In float64 on the CPU, as Pillow does; the images' device gets whole numbers.
    size = values.to("cpu", torch.float64) * W
    x, y = places.to("cpu", torch.float64).unbind(1)
    # Both axes at once: x, then y.
    start = (torch.stack([x * W, y * H]) - size / 2).clamp_(min=0).floor_()
    # Pillow truncates the corners and draws both ends, so even a tiny size covers one pixel.
    end = torch.where(size > 0, (start + size).floor_(), -1)
    most = max(W, H)
    corners = torch.stack([start, end]).clamp_(-1, most).to(torch.int32).unsqueeze(3)
    start, end = corners.to(images.device)
    pixel = torch.arange(most, dtype=torch.int32, device=images.device)
    covered = ((pixel >= start) & (pixel <= end)).to(torch.uint8)
    square = covered[1, :, None, :H, None] * covered[0, :, None, None, :W]
    colour = images.new_tensor(_COLOR if C == 3 else (_GREY,)).view(1, -1, 1, 1)
    # Flip the bits that differ from the colour: ten times as fast as choosing per pixel.
    return (images.contiguous() ^ colour).mul_(square).bitwise_xor_(images)
