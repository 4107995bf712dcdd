"""The operations that other libraries have."""

import math
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from benchmarks._pillow import changed, picture, pixels
from dada.augment import Draw


def with_pillow(images: Tensor, draw: Draw) -> Tensor:
    """The draw applied by a loop over images in Pillow."""
    results = []
    for row, image in enumerate(images.cpu()):
        result = picture(image)
        for name, value, place in draw.choices(row):
            result = changed(result, name, value, place)
        results.append(pixels(result))
    return torch.stack(results).to(images.device)


def _affine(
    images: Tensor,
    shift: tuple[int, int] = (0, 0),
    shear: tuple[float, float] = (0.0, 0.0),
    center: list[float] | None = None,
) -> Tensor:
    return F.affine(images, 0.0, list(shift), 1.0, list(shear), center=center)


def _erase(images: Tensor, value: float) -> Tensor:
    side = round(value * images.shape[3])  # one square, at one place for the whole batch
    colour = torch.tensor([125, 123, 114], dtype=torch.uint8, device=images.device)
    return F.erase(images, 8, 8, side, side, colour.view(3, 1, 1))


TORCHVISION: dict[str, Callable[[Tensor, float], Tensor]] = {
    "ShearX": lambda x, v: _affine(x, shear=(math.degrees(math.atan(v)), 0.0), center=[0, 0]),
    "ShearY": lambda x, v: _affine(x, shear=(0.0, math.degrees(math.atan(v))), center=[0, 0]),
    "TranslateX": lambda x, v: _affine(x, shift=(round(v * x.shape[3]), 0)),
    "TranslateY": lambda x, v: _affine(x, shift=(0, round(v * x.shape[2]))),
    "Rotate": F.rotate,
    "AutoContrast": lambda x, v: F.autocontrast(x),
    "Invert": lambda x, v: F.invert(x),
    "Equalize": lambda x, v: F.equalize(x),
    "Solarize": F.solarize,
    "Posterize": lambda x, v: F.posterize(x, int(v)),
    "Contrast": F.adjust_contrast,
    "Color": F.adjust_saturation,
    "Brightness": F.adjust_brightness,
    "Sharpness": F.adjust_sharpness,
    "Cutout": _erase,
}


def _pair(first: Tensor, second: Tensor) -> Tensor:
    return torch.stack([first, second], 1)


def _kornia() -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    """kornia's functions of float images and one value per image; empty if it is not installed."""
    if find_spec("kornia") is None:
        return {}
    kornia = import_module("kornia")
    move, enhance = kornia.geometry.transform, kornia.enhance
    return {
        "ShearX": lambda x, v: move.shear(x, _pair(v, 0 * v), mode="nearest"),
        "ShearY": lambda x, v: move.shear(x, _pair(0 * v, v), mode="nearest"),
        "TranslateX": lambda x, v: move.translate(x, _pair(v * x.shape[3], 0 * v), mode="nearest"),
        "TranslateY": lambda x, v: move.translate(x, _pair(0 * v, v * x.shape[2]), mode="nearest"),
        "Rotate": lambda x, v: move.rotate(x, v, mode="nearest"),
        "AutoContrast": lambda x, v: enhance.normalize_min_max(x),
        "Invert": lambda x, v: enhance.invert(x),
        "Equalize": lambda x, v: enhance.equalize(x),
        "Solarize": lambda x, v: enhance.solarize(x, v / 256),
        "Posterize": lambda x, v: enhance.posterize(x, v.int()),
        "Contrast": enhance.adjust_contrast_with_mean_subtraction,
        "Color": enhance.adjust_saturation_with_gray_subtraction,
        "Brightness": enhance.adjust_brightness_accumulative,
        "Sharpness": enhance.sharpness,
    }


KORNIA = _kornia()
