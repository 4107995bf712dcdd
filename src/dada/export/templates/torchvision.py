"""What the target "torchvision" writes: torch and torchvision only."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import PIL.Image
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

# Each sub-policy: how often it is chosen, relative to the others, and its operations in their
# order. An operation: its name, the probability that it is applied, its magnitude in [0, 1], and
# the spread of that. With L standard logistic, a sample's magnitude is
# sigmoid(logit(magnitude) + spread * L); with a spread of 0 it is the magnitude itself.
SUB_POLICIES: list[tuple[float, list[tuple[str, float, float, float]]]] = [
    (1.0, [("ShearX", 0.5, 0.5, 0.0), ("Cutout", 0.5, 0.5, 1.0)]),
]

# An operation's value is offset + slope * magnitude. Either (offset, slope) is as likely: they
# differ where the direction is random. Units: see the operations below.
LINES: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "ShearX": ((-0.3, 0.6), (0.3, -0.6)),
    "Cutout": ((0.0, 0.2), (0.0, 0.2)),
}


def shear_x(sample: Any, value: float) -> Any:
    """Row y is taken from value * y pixels further right."""
    if is_pixels(sample):
        return nearest(sample, 1, value, 0, 0, 1, 0)
    return affine(sample, shear=[math.degrees(math.atan(value)), 0.0])


def shear_y(sample: Any, value: float) -> Any:
    """Column x is taken from value * x pixels further down."""
    if is_pixels(sample):
        return nearest(sample, 1, 0, 0, value, 1, 0)
    return affine(sample, shear=[0.0, math.degrees(math.atan(value))])


def translate_x(sample: Any, value: float) -> Any:
    """The image moves left by the value, a fraction of its width."""
    _, width = F.get_size(sample)
    if is_pixels(sample):
        return nearest(sample, 1, 0, value * width, 0, 1, 0)
    return affine(sample, translate=[-value * width, 0.0])


def translate_y(sample: Any, value: float) -> Any:
    """The image moves up by the value, a fraction of its height."""
    height, _ = F.get_size(sample)
    if is_pixels(sample):
        return nearest(sample, 1, 0, 0, 0, 1, value * height)
    return affine(sample, translate=[0.0, -value * height])


def rotate(sample: Any, value: float) -> Any:
    """Turn counterclockwise about the centre by the value in degrees."""
    if not is_pixels(sample):
        return F.rotate(sample, value)
    height, width = F.get_size(sample)
    angle = -math.radians(value % 360)
    # Rounded as Pillow does, so that right angles become exact.
    cos, sin = round(math.cos(angle), 15), round(math.sin(angle), 15)
    c = cos * (-width / 2) + sin * (-height / 2) + width / 2
    f = -sin * (-width / 2) + cos * (-height / 2) + height / 2
    return nearest(sample, cos, sin, c, -sin, cos, f)


def affine(sample: Any, **what: list[float]) -> Any:
    """Shear or translate about the corner (0, 0), as Pillow does."""
    known: dict[str, Any] = {"translate": [0.0, 0.0], "shear": [0.0, 0.0]}
    return F.affine(sample, angle=0.0, scale=1.0, center=[0.0, 0.0], **{**known, **what})


def is_pixels(sample: Any) -> bool:
    """Whether it is a tensor of pixels: an image, a video or a mask."""
    boxes = (PIL.Image.Image, tv_tensors.BoundingBoxes, tv_tensors.KeyPoints)
    return not isinstance(sample, boxes)


def nearest(pixels: torch.Tensor, *coefficients: float) -> torch.Tensor:
    """Of (a, b, c, d, e, f): pixel (x, y) is taken from (ax + by + c, dx + ey + f); 0 outside.

    Pillow's arithmetic. torchvision samples tensors in single precision and rounds halves to
    even, so F.affine takes the neighbour of many a pixel.
    """
    height, width = pixels.shape[-2:]
    a, b, c, d, e, f = coefficients
    x, y = torch.arange(width, device=pixels.device), torch.arange(height, device=pixels.device)
    if b == d == 0:
        columns = running(c + a / 2, a, width).to(x.device)
        rows = running(f + e / 2, e, height).to(x.device)[:, None]
    else:
        a, b, c = (math.floor(v * 65536 + 0.5) for v in (a, b, c + a / 2 + b / 2))
        d, e, f = (math.floor(v * 65536 + 0.5) for v in (d, e, f + d / 2 + e / 2))
        columns = (a * x + b * y[:, None] + c) >> 16
        rows = (d * x + e * y[:, None] + f) >> 16
    outside = (columns < 0) | (columns >= width) | (rows < 0) | (rows >= height)
    plain = pixels.as_subclass(torch.Tensor)
    moved = plain[..., rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
    moved = moved.masked_fill(outside, 0)
    return tv_tensors.wrap(moved, like=pixels)


def running(start: float, step: float, count: int) -> torch.Tensor:
    """Whole parts of start, start + step, …: a running sum, which rounds where Pillow's does."""
    return torch.tensor([math.floor(v) for v in accumulate([start] + [step] * (count - 1))])


def auto_contrast(image: Any, value: float) -> Any:
    """Stretch each channel so that its extremes become 0 and 255."""
    return F.autocontrast(image)


def invert(image: Any, value: float) -> Any:
    """255 minus each pixel."""
    return F.invert(image)


def equalize(image: Any, value: float) -> Any:
    """Flatten each channel's histogram."""
    return F.equalize(image)


def solarize(image: Any, value: float) -> Any:
    """Invert the pixels that are not below the value, a threshold from 0 to 256."""
    return image if value > 255 else F.solarize(image, value)


def posterize(image: Any, value: float) -> Any:
    """Keep the highest int(value) bits of each pixel."""
    return F.posterize(image, min(max(int(value), 1), 8))


def contrast(image: Any, value: float) -> Any:
    """Away from, or towards, the mean grey, by a factor; 1 changes nothing."""
    return F.adjust_contrast(image, value)


def color(image: Any, value: float) -> Any:
    """Away from, or towards, the grey image, by a factor; 1 changes nothing."""
    return F.adjust_saturation(image, value)


def brightness(image: Any, value: float) -> Any:
    """Away from, or towards, black, by a factor; 1 changes nothing."""
    return F.adjust_brightness(image, value)


def sharpness(image: Any, value: float) -> Any:
    """Away from, or towards, the smoothed image, by a factor; 1 changes nothing."""
    return F.adjust_sharpness(image, value)


def cutout(image: Any, value: float, x: float, y: float) -> Any:
    """Paint over a square about (x, y), fractions of both sides; the value is one of the width."""
    height, width = F.get_size(image)
    size = value * width
    if size <= 0:
        return image
    left, top = int(max(0, x * width - size / 2)), int(max(0, y * height - size / 2))
    right, bottom = min(width, int(left + size) + 1), min(height, int(top + size) + 1)
    fill = (123,) if F.get_num_channels(image) == 1 else (125, 123, 114)  # ImageNet's mean
    colour = torch.tensor(fill, dtype=torch.uint8, device=getattr(image, "device", None))
    return F.erase(image, top, left, bottom - top, right - left, colour.view(-1, 1, 1))


OPERATIONS: dict[str, Callable[..., Any]] = {
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

GEOMETRIC = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")


class Augment(v2.Transform):
    """Augment a sample under the policy above: images, and boxes, masks and points with them.

    All that one call is given shares one draw. The geometric operations move boxes, masks
    (nearest pixel, 0 outside) and points; the others, Cutout among them, leave them as they are.
    Randomness is PyTorch's global generator.

    Raises:
        TypeError: float images, or PIL images of another mode than RGB or L.
    """

    _transformed_types = (torch.Tensor, PIL.Image.Image)

    def __init__(self) -> None:
        super().__init__()
        self.weights = [weight for weight, _ in SUB_POLICIES]

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        """Refuse what would come out wrong."""
        for image in flat_inputs:
            if isinstance(image, PIL.Image.Image) and image.mode not in ("RGB", "L"):
                raise TypeError(f'an image of mode {image.mode}: convert it to "RGB" or "L" first')

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """One draw: the operations that are applied, in order, each with its arguments."""
        chosen = int(torch.tensor(self.weights, dtype=torch.float64).multinomial(1))
        draw = []
        for name, probability, magnitude, spread in SUB_POLICIES[chosen][1]:
            sign, do, noise, *place = torch.rand(5, dtype=torch.float64).tolist()
            if do < probability:
                offset, slope = LINES[name][sign < 0.5]
                value = offset + slope * random_magnitude(magnitude, spread, noise)
                draw.append((name, [value, *(place if name == "Cutout" else [])]))
        return {"draw": draw}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Apply the draw to an image, or what of it concerns a box, a mask or a point."""
        follows = (tv_tensors.BoundingBoxes, tv_tensors.Mask, tv_tensors.KeyPoints)
        is_image = not isinstance(inpt, follows)
        if is_image and isinstance(inpt, torch.Tensor) and inpt.dtype != torch.uint8:
            raise TypeError(f"expected a uint8 image, got {inpt.dtype}")
        for name, arguments in params["draw"]:
            if is_image or name in GEOMETRIC:
                inpt = OPERATIONS[name](inpt, *arguments)
        return inpt


def random_magnitude(magnitude: float, spread: float, u: float) -> float:
    """A random magnitude in [0, 1], u uniform; the one given where there is no spread."""
    if not spread:
        return magnitude
    logits = logit(magnitude) + spread * logit(u)
    return 0.5 + 0.5 * math.tanh(logits / 2)


def logit(p: float) -> float:
    """Log odds, of 1e-12 and 1 - 1e-12 at the ends."""
    p = min(max(p, 1e-12), 1 - 1e-12)
    return math.log(p / (1 - p))
