"""From a picture of any mode and size to 8-bit grey or RGB of one size."""

from collections.abc import Sequence
from statistics import median

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from dada.errors import UserError

_GREY = {"1", "L"}
_DEEP_GREY = {"I", "I;16", "I;16B", "I;16L", "I;16N"}


def choose_side(shorter_sides: Sequence[int]) -> int:
    """Choose a side for images of these shorter sides: 32, 64 or 96 pixels.

    32 up to a median of 48, 64 up to 128, else 96: small enough for a search on a CPU.
    """
    middle = median(shorter_sides) if shorter_sides else 0
    if middle <= 48:
        return 32
    return 64 if middle <= 128 else 96


def check_side(side: int | None) -> None:
    """Raise `UserError` unless ``side`` is None or 8 to 1024 pixels."""
    if side is not None and not 8 <= side <= 1024:
        raise UserError(f"side {side}: must be 8 to 1024 pixels")


def to_eight_bits(picture: Image.Image) -> Image.Image:
    """Convert a picture of any mode to ``L`` where it is grey by mode, else to ``RGB``.

    Transparent pictures are composited over white. 16-bit grey is divided by 257, which maps
    0 … 65535 onto 0 … 255.

    Raises:
        ValueError: floating-point pixels, or integers outside 16 bits: their range is unknown.
    """
    if picture.mode in _DEEP_GREY:
        return _from_sixteen_bits(picture)
    if picture.mode == "F":
        raise ValueError("floating-point pixels: 8 or 16 bits are needed")
    if picture.has_transparency_data:
        grey = picture.mode in _GREY | {"LA"}
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("L" if grey else "RGB")
    return picture.convert("L" if picture.mode in _GREY else "RGB")


def conversion_in_words(picture: Image.Image) -> str:
    """Say what `to_eight_bits` takes from a picture; "" where it takes nothing."""
    if picture.mode in _DEEP_GREY:
        return "16-bit grey is scaled to 8 bits"
    return "transparency is laid on white" if picture.has_transparency_data else ""


def _from_sixteen_bits(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture).astype(np.int64)
    if values.size and not 0 <= values.min() <= values.max() <= 65535:
        raise ValueError("integer pixels outside 0 to 65535: 8 or 16 bits are needed")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def square(picture: Image.Image, side: int, border: float = 0.0) -> Image.Image:
    """Resize the shorter side and crop the centre to ``side`` × ``side``.

    Antialiased bicubic, the filter of the paper's ImageNet pipeline, for all images alike.

    Args:
        picture: ``L`` or ``RGB``.
        side: of the result, in pixels.
        border: share of height and width cut off at each edge, 0 to below 0.5. 1/16 is the
            customary resize to 256 and crop to 224.
    """
    # One step instead of two: an extreme aspect ratio never becomes a gigantic picture.
    return ImageOps.fit(picture, (side, side), method=Image.Resampling.BICUBIC, bleed=border)


def planes(picture: Image.Image) -> np.ndarray:
    """Return the pixels of an ``L`` or ``RGB`` picture as uint8 (C, H, W)."""
    pixels = np.asarray(picture)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def square_planes(pixels: np.ndarray, side: int) -> np.ndarray:
    """Bring uint8 (C, H, W) to (C, side, side) by `square`, channel by channel as it does."""
    return np.stack([planes(square(Image.fromarray(plane), side))[0] for plane in pixels])


def resized(images: Tensor, side: int) -> Tensor:
    """Bring images, uint8 (N, C, H, W), to (N, C, side, side) by `square`."""
    if images.shape[2:] == (side, side):
        return images
    out = np.empty((*images.shape[:2], side, side), np.uint8)
    for i, image in enumerate(images.numpy()):
        out[i] = square_planes(image, side)
    return torch.from_numpy(out)
