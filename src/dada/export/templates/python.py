"""What the target "python" writes: Pillow and the standard library only."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageOps

# Each sub-policy: its frequency relative to the others, and its operations in order. An operation:
# its name, probability, magnitude in [0, 1], and the spread of that. With L standard logistic, each
# image gets the magnitude sigmoid(logit(magnitude) + spread * L).
SUB_POLICIES: list[tuple[float, list[tuple[str, float, float, float]]]] = [
    (1.0, [("ShearX", 0.5, 0.5, 0.0), ("Cutout", 0.5, 0.5, 1.0)]),
]

# An operation's value is offset + slope * magnitude. Either (offset, slope) is as likely: they
# differ where the direction is random. Units: see the operations below.
LINES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "ShearX": ((-0.3, 0.6), (0.3, -0.6)),
    "Cutout": ((0.0, 0.2), (0.0, 0.2)),
}

# Operations at a random place (x, y), in fractions of both sides.
PLACED: list[str] = ["Cutout"]


def shear_x(image: Image.Image, value: float) -> Image.Image:
    """Row y is taken from value * y pixels further right."""
    return affine(image, 1, value, 0, 0, 1, 0)


def shear_y(image: Image.Image, value: float) -> Image.Image:
    """Column x is taken from value * x pixels further down."""
    return affine(image, 1, 0, 0, value, 1, 0)


def translate_x(image: Image.Image, value: float) -> Image.Image:
    """The image moves left by the value, a fraction of its width."""
    return affine(image, 1, 0, value * image.width, 0, 1, 0)


def translate_y(image: Image.Image, value: float) -> Image.Image:
    """The image moves up by the value, a fraction of its height."""
    return affine(image, 1, 0, 0, 0, 1, value * image.height)


def affine(image: Image.Image, *coefficients: float) -> Image.Image:
    """Of (a, b, c, d, e, f): pixel (x, y) is taken from (ax + by + c, dx + ey + f)."""
    return image.transform(image.size, Image.Transform.AFFINE, coefficients)


def rotate(image: Image.Image, value: float) -> Image.Image:
    """Turn counterclockwise about the centre by the value in degrees."""
    return image.rotate(value)


def auto_contrast(image: Image.Image, value: float) -> Image.Image:
    """Stretch each channel so that its extremes become 0 and 255."""
    return ImageOps.autocontrast(image)


def invert(image: Image.Image, value: float) -> Image.Image:
    """255 minus each pixel."""
    return ImageOps.invert(image)


def equalize(image: Image.Image, value: float) -> Image.Image:
    """Flatten each channel's histogram."""
    return ImageOps.equalize(image)


def solarize(image: Image.Image, value: float) -> Image.Image:
    """Invert the pixels that are not below the value, a threshold from 0 to 256."""
    return ImageOps.solarize(image, math.ceil(value))


def posterize(image: Image.Image, value: float) -> Image.Image:
    """Keep the highest int(value) bits of each pixel."""
    return ImageOps.posterize(image, min(max(int(value), 1), 8))


def contrast(image: Image.Image, value: float) -> Image.Image:
    """Away from, or towards, the mean grey, by a factor; 1 changes nothing."""
    return ImageEnhance.Contrast(image).enhance(value)


def color(image: Image.Image, value: float) -> Image.Image:
    """Away from, or towards, the grey image, by a factor; 1 changes nothing."""
    return ImageEnhance.Color(image).enhance(value)


def brightness(image: Image.Image, value: float) -> Image.Image:
    """Away from, or towards, black, by a factor; 1 changes nothing."""
    return ImageEnhance.Brightness(image).enhance(value)


def sharpness(image: Image.Image, value: float) -> Image.Image:
    """Away from, or towards, the smoothed image, by a factor; 1 changes nothing."""
    return ImageEnhance.Sharpness(image).enhance(value)


def cutout(image: Image.Image, value: float, x: float, y: float) -> Image.Image:
    """Paint over a square about (x, y), fractions of both sides; the value is one of the width."""
    result, size = image.copy(), value * image.width
    if size <= 0:
        return result
    x0 = int(max(0, x * image.width - size / 2))
    y0 = int(max(0, y * image.height - size / 2))
    x1, y1 = min(image.width, x0 + size), min(image.height, y0 + size)
    fill = 123 if image.mode == "L" else (125, 123, 114)  # ImageNet's mean
    ImageDraw.Draw(result).rectangle((x0, y0, x1, y1), fill=fill)
    return result


OPERATIONS: dict[str, Callable[..., Image.Image]] = {
    "ShearX": shear_x,
    "ShearY": shear_y,
    "TranslateX": translate_x,
    "TranslateY": translate_y,
    "Rotate": rotate,
    "AutoContrast": auto_contrast,
    "Invert": invert,
    "Equalize": equalize,
    "Solarize": solarize,
    "Posterize": posterize,
    "Contrast": contrast,
    "Color": color,
    "Brightness": brightness,
    "Sharpness": sharpness,
    "Cutout": cutout,
}


def logit(p: float) -> float:
    """Log odds, of 1e-12 and 1 - 1e-12 at the ends."""
    p = min(max(p, 1e-12), 1 - 1e-12)
    return math.log(p / (1 - p))


class Augment:
    """Augment PIL images of mode RGB or L under the policy above.

    Args:
        generator: a `random.Random`; None for the global generator of `random`, which PyTorch's
            DataLoader seeds differently in every worker.
    """

    def __init__(self, generator: Any = None) -> None:
        # The module itself cannot be pickled, so it is not kept.
        self.generator = None if generator is random else generator
        self.weights = [weight for weight, _ in SUB_POLICIES]

    def __call__(self, image: Image.Image) -> Image.Image:
        """One sub-policy's operations, drawn anew for each image; the image stays as it is.

        Raises:
            TypeError: no PIL image, or one of another mode than RGB or L.
        """
        if not isinstance(image, Image.Image):
            raise TypeError(f"expected one PIL image, got {type(image).__name__}: convert it first")
        if image.mode not in ("RGB", "L"):
            raise TypeError(f'an image of mode {image.mode}: convert it to "RGB" or "L" first')
        if 0 in image.size:
            return image
        draw = self.draw()
        _, operations = draw.choices(SUB_POLICIES, self.weights)[0]
        for name, probability, magnitude, spread in operations:
            if draw.random() < probability:
                value = self.value(name, self.magnitude(magnitude, spread))
                place = (draw.random(), draw.random())
                image = OPERATIONS[name](image, value, *(place if name in PLACED else ()))
        return image

    def draw(self) -> Any:
        """What draws: the generator that was given, or the global one."""
        return random if self.generator is None else self.generator

    def magnitude(self, magnitude: float, spread: float) -> float:
        """A random magnitude in [0, 1]; the one given where there is no spread."""
        if not spread:
            return magnitude
        logits = logit(magnitude) + spread * logit(self.draw().random())
        return 0.5 + 0.5 * math.tanh(logits / 2)

    def value(self, name: str, magnitude: float) -> float:
        """The value in the operation's unit, in a random direction where it has two."""
        offset, slope = LINES[name][self.draw().random() < 0.5]
        return offset + slope * magnitude
