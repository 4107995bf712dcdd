"""The nearest that albumentations has to each operation, at a value in its real unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Transform = dict[str, Any]


def make(name: str, **arguments: Any) -> Transform:
    """A transform in the form that albumentations serialises, with probability 1.

    Examples:
        >>> make("InvertImg")
        {'__class_fullname__': 'InvertImg', 'p': 1.0}
    """
    return {"__class_fullname__": name, "p": 1.0, **arguments}


def _affine(**arguments: Any) -> Transform:
    return make("Affine", interpolation=0, border_mode=0, fill=0, **arguments)


def _margin(**sides: Any) -> Transform:
    """Black around the image in ``percent`` or ``px``: top, right, bottom, left; negative crops."""
    return make("CropAndPad", keep_size=False, fill=0, **sides)


def _shear(value: float, x: float, y: float) -> Transform:
    # Albumentations shears about the centre. With a margin as large as the image the centre lies
    # on the edge about which we shear. A translation instead would be truncated to whole pixels.
    angle = math.degrees(math.atan(value))
    parts = [
        _margin(percent=[x, 0.0, 0.0, y]),
        _affine(shear={"x": [angle * x] * 2, "y": [angle * y] * 2}),
        _margin(percent=[-x / 2, 0.0, 0.0, -y / 2]),
    ]
    return make("Sequential", transforms=parts)


def _translate(value: float, x: int, y: int) -> Transform:
    if value == 0:
        return make("NoOp")
    # Albumentations truncates to whole pixels what Pillow rounds. A fraction of a side that is
    # longer by 0.5 / fraction is half a pixel more, so that the one becomes the other, nearly.
    longer = min(50, round(0.5 / abs(value)))
    parts = [
        _margin(px=[0, longer * x, longer * y, 0]),
        _affine(translate_percent={"x": [-value * x] * 2, "y": [-value * y] * 2}),
        _margin(px=[0, -longer * x, -longer * y, 0]),
    ]
    return make("Sequential", transforms=parts)


def _jitter(**factor: float) -> Transform:
    same = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0}
    each = {name: [max(0.0, v)] * 2 for name, v in (same | factor).items()}
    return make("ColorJitter", **each)


def _sharpness(value: float) -> Transform:
    if value == 1:
        return make("NoOp")
    if value > 1:
        # The kernel 1 − α, plus α times (−1 around 9): Pillow's smoothing, taken away.
        return make("Sharpen", alpha=[min(1.0, (value - 1) / 13)] * 2, lightness=[1.0, 1.0])
    # A Gaussian kernel of 3 × 3 with the variance of Pillow's blend: weights a, 1, a.
    variance = 6 * (1 - max(0.0, value)) / 13
    sigma = math.sqrt(-0.5 / math.log(variance / (2 * (1 - variance))))
    return make("GaussianBlur", blur_limit=[3, 3], sigma_limit=[sigma, sigma])


def _solarize(value: float) -> Transform:
    if value > 255:
        return make("NoOp")
    # Halfway between two whole numbers, where no rounding matters.
    return make("Solarize", threshold_range=[max(0.0, (math.ceil(value) - 0.5) / 255)] * 2)


def _posterize(value: float) -> Transform:
    bits = min(8, max(1, int(value)))
    return make("Posterize", num_bits=[bits, bits]) if bits < 8 else make("NoOp")


def _cutout(value: float) -> Transform:
    if value <= 0:
        return make("NoOp")
    side = [min(value, 0.999)] * 2  # from 1 on it would be pixels
    return make(
        "CoarseDropout",
        num_holes_range=[1, 1],
        hole_height_range=side,
        hole_width_range=side,
        fill=[125, 123, 114],
    )


TRANSFORMS: dict[str, Callable[[float], Transform]] = {
    "ShearX": lambda v: _shear(v, 1.0, 0.0),
    "ShearY": lambda v: _shear(v, 0.0, 1.0),
    "TranslateX": lambda v: _translate(v, 1, 0),
    "TranslateY": lambda v: _translate(v, 0, 1),
    "Rotate": lambda v: _affine(rotate=[v, v]),
    "AutoContrast": lambda _: make("AutoContrast", method="pil"),
    "Invert": lambda _: make("InvertImg"),
    "Equalize": lambda _: make("Equalize", mode="cv"),
    "Solarize": _solarize,
    "Posterize": _posterize,
    "Contrast": lambda v: _jitter(contrast=v),
    "Color": lambda v: _jitter(saturation=v),
    "Brightness": lambda v: _jitter(brightness=v),
    "Sharpness": _sharpness,
    "Cutout": _cutout,
}
