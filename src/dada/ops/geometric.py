"""Shear, translate, rotate: one affine map each, written as in Pillow."""

from __future__ import annotations

import math

import torch
from PIL import Image
from torch import Tensor

from dada.ops.affine import Coefficients, by_affine
from dada.ops.registry import register


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
@by_affine
def shear_x(values: Tensor, width: int, height: int) -> Coefficients:
    """Row y is taken from value · y pixels further right; the value is a plain factor."""
    return 1, values, 0, 0, 1, 0


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
@by_affine
def shear_y(values: Tensor, width: int, height: int) -> Coefficients:
    """Column x is taken from value · x pixels further down; the value is a plain factor."""
    return 1, 0, 0, values, 1, 0


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
@by_affine
def translate_x(values: Tensor, width: int, height: int) -> Coefficients:
    """The image moves left by the value, a fraction of its width."""
    return 1, 0, values * width, 0, 1, 0


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
@by_affine
def translate_y(values: Tensor, width: int, height: int) -> Coefficients:
    """The image moves up by the value, a fraction of its height."""
    return 1, 0, 0, 0, 1, values * height


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
@by_affine
def rotate(values: Tensor, width: int, height: int) -> Coefficients:
    """Turn counterclockwise about the centre by the value in degrees; any angle."""
    angle = -(values % 360) * (math.pi / 180)
    # 15 decimals as in `Image.rotate`: right angles become exact, so that its shortcuts for 0, 90,
    # 180 and 270 degrees need none here.
    cos = torch.round(torch.cos(angle) * 1e15) / 1e15
    sin = torch.round(torch.sin(angle) * 1e15) / 1e15
    c = (cos * (-width / 2) + sin * (-height / 2)) + width / 2
    f = (-sin * (-width / 2) + cos * (-height / 2)) + height / 2
    return cos, sin, c, -sin, cos, f
