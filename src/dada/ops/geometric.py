"""Affine maps with nearest-neighbour sampling, black outside: shear, translate, rotate.

The coefficients (a, b, c, d, e, f) send the output pixel (x, y) to the source point
(ax + by + c, dx + ey + f). Pillow rounds them to 16.16 fixed point unless b = d = 0, when it
works in double precision (`affine_fixed` and `ImagingScaleAffine` in its Geometry.c); both are
reproduced. Coordinates beyond ±32768, where Pillow leaves fixed point, are not.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from dada.ops.registry import register


def _sample(images: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """Pixel (rows, columns), int64 and broadcastable to (B, H, W), of each image."""
    B, C, H, W = images.shape
    # All that lies outside is black, so clamp onto a black frame of one pixel: no masks needed.
    framed = F.pad(images, (1, 1, 1, 1))
    # Large batches spend their time in memory, so int32 as soon as the numbers are small.
    x, y = columns.clamp(-1, W).int() + 1, rows.clamp(-1, H).int() + 1
    source = (y * (W + 2) + x).long()
    index = source.flatten(1).unsqueeze(1).expand(B, C, H * W)
    return framed.flatten(2).gather(2, index).view(B, C, H, W)


def _fixed(coefficient: Tensor) -> Tensor:
    """16.16 fixed point, as (B, 1, 1)."""
    return torch.floor(coefficient * 65536 + 0.5).long().view(-1, 1, 1)


def _affine(images: Tensor, coefficients: tuple[Tensor, ...]) -> Tensor:
    """Pillow's fixed-point affine; the coefficients are float64 (B,)."""
    a, b, c, d, e, f = coefficients
    H, W = images.shape[2:]
    x = torch.arange(W, device=images.device)
    y = torch.arange(H, device=images.device).view(-1, 1)
    columns = _fixed(a) * x + _fixed(c + a * 0.5 + b * 0.5) + _fixed(b) * y
    rows = _fixed(d) * x + _fixed(f + d * 0.5 + e * 0.5) + _fixed(e) * y
    return _sample(images, columns >> 16, rows >> 16)


def _shifted(shift: Tensor, count: int) -> Tensor:
    """Source coordinates of `count` pixels, each `shift` further on; int64 (B, count)."""
    # Pillow adds 1.0 once per pixel. The running sum rounds where it does; `start + arange` might
    # not, and a coordinate a few units in the last place below an integer would fall elsewhere.
    # (CUDA may add in another order, so such a coordinate alone may still differ there.)
    steps = torch.ones(len(shift), count, dtype=torch.float64, device=shift.device)
    steps[:, 0] = shift + 0.5
    return steps.cumsum(1).floor().long()


def _transform(image: Image.Image, *coefficients: float) -> Image.Image:
    return image.transform(image.size, Image.Transform.AFFINE, coefficients)


def _pillow_shear_x(image: Image.Image, value: float) -> Image.Image:
    return _transform(image, 1, value, 0, 0, 1, 0)


@register(
    "ShearX",
    low=-0.3,
    high=0.3,
    identity=0,
    mirrored=True,
    describe="slope {:z.2g}".format,
    pillow=_pillow_shear_x,
)
def shear_x(images: Tensor, values: Tensor) -> Tensor:
    """Row y is taken from value · y pixels further right; the value is a plain factor."""
    v = values.to(images.device, torch.float64)
    zero, one = torch.zeros_like(v), torch.ones_like(v)
    return _affine(images, (one, v, zero, zero, one, zero))


def _pillow_shear_y(image: Image.Image, value: float) -> Image.Image:
    return _transform(image, 1, 0, 0, value, 1, 0)


@register(
    "ShearY",
    low=-0.3,
    high=0.3,
    identity=0,
    mirrored=True,
    describe="slope {:z.2g}".format,
    pillow=_pillow_shear_y,
)
def shear_y(images: Tensor, values: Tensor) -> Tensor:
    """Column x is taken from value · x pixels further down; the value is a plain factor."""
    v = values.to(images.device, torch.float64)
    zero, one = torch.zeros_like(v), torch.ones_like(v)
    return _affine(images, (one, zero, zero, v, one, zero))


def _pillow_translate_x(image: Image.Image, value: float) -> Image.Image:
    return _transform(image, 1, 0, value * image.width, 0, 1, 0)


@register(
    "TranslateX",
    low=-0.45,
    high=0.45,
    identity=0,
    mirrored=True,
    describe="{:z.2g} of the width".format,
    pillow=_pillow_translate_x,
)
def translate_x(images: Tensor, values: Tensor) -> Tensor:
    """The image moves left by the value, a fraction of its width."""
    H, W = images.shape[2:]
    columns = _shifted(values.to(images.device, torch.float64) * W, W)
    return _sample(
        images, columns[:, None, :], torch.arange(H, device=images.device)[None, :, None]
    )


def _pillow_translate_y(image: Image.Image, value: float) -> Image.Image:
    return _transform(image, 1, 0, 0, 0, 1, value * image.height)


@register(
    "TranslateY",
    low=-0.45,
    high=0.45,
    identity=0,
    mirrored=True,
    describe="{:z.2g} of the height".format,
    pillow=_pillow_translate_y,
)
def translate_y(images: Tensor, values: Tensor) -> Tensor:
    """The image moves up by the value, a fraction of its height."""
    H, W = images.shape[2:]
    rows = _shifted(values.to(images.device, torch.float64) * H, H)
    return _sample(images, torch.arange(W, device=images.device)[None, None, :], rows[:, :, None])


def _pillow_rotate(image: Image.Image, value: float) -> Image.Image:
    return image.rotate(value)


@register(
    "Rotate",
    low=-30,
    high=30,
    identity=0,
    mirrored=True,
    describe="{:z.3g} degrees".format,
    pillow=_pillow_rotate,
)
def rotate(images: Tensor, values: Tensor) -> Tensor:
    """Turn counterclockwise about the centre by the value in degrees; any angle."""
    H, W = images.shape[2:]
    angle = -(values.to(images.device, torch.float64) % 360) * (math.pi / 180)
    # 15 decimals as in `Image.rotate`: right angles become exact, so that its shortcuts for 0, 90,
    # 180 and 270 degrees need none here.
    cos = torch.round(torch.cos(angle) * 1e15) / 1e15
    sin = torch.round(torch.sin(angle) * 1e15) / 1e15
    c = (cos * (-W / 2) + sin * (-H / 2)) + W / 2
    f = (-sin * (-W / 2) + cos * (-H / 2)) + H / 2
    return _affine(images, (cos, sin, c, -sin, cos, f))
