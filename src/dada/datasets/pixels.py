"""Convert pictures of any mode and size to 8-bit grey or RGB of one size."""

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
    """Choose a side for images with these shorter sides: 32, 64 or 96 pixels.

    32 up to a median of 48, 64 up to 128, otherwise 96: small enough for a search on a CPU.

    Examples:
        >>> choose_side([30, 40, 500]), choose_side([480, 640])
        (32, 96)
    """
    middle = median(shorter_sides) if shorter_sides else 0
    if middle <= 48:
        return 32
    return 64 if middle <= 128 else 96


def check_side(side: int | None) -> None:
    """Raise `UserError` unless ``side`` is None or 8 to 1024 pixels."""
    if side is not None and not 8 <= side <= 1024:
        raise UserError(f"side {side}: must be 8 to 1024 pixels")


def to_eight_bits(picture: Image.Image, bits: int = 16) -> Image.Image:
    """Convert a picture of any mode: to ``L`` if its mode is grey, otherwise to ``RGB``.

    Transparent pictures are composited over white. Grey with more than 8 bits is scaled so that
    2^bits - 1 becomes 255; higher values become 255 too.

    Args:
        picture: as Pillow decodes it.
        bits: 8 to 16, how many bits its values use if it has more than 8 (`bits_of`).

    Raises:
        ValueError: pixels are floating-point, or integers outside 16 bits: their range is unknown.

    Examples:
        >>> import numpy as np
        >>> from PIL import Image
        >>> deep = Image.fromarray(np.array([[0, 2048, 4095]], np.uint16))
        >>> np.asarray(to_eight_bits(deep, bits=12)).tolist()
        [[0, 128, 255]]
    """
    if is_deep(picture):
        most = 2**bits - 1
        values = np.minimum(deep_values(picture), most)
        return Image.fromarray(((values * 255 + most // 2) // most).astype(np.uint8))
    if picture.mode == "F":
        raise ValueError("floating-point pixels: 8 or 16 bits are needed")
    if picture.has_transparency_data:
        grey = picture.mode in _GREY | {"LA"}
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("L" if grey else "RGB")
    return picture.convert("L" if picture.mode in _GREY else "RGB")


def is_deep(picture: object) -> bool:
    """Whether it is a picture in grey with more than 8 bits."""
    return isinstance(picture, Image.Image) and picture.mode in _DEEP_GREY


def highest(picture: Image.Image) -> int | None:
    """The highest value of a grey picture with more than 8 bits; None for all others."""
    return int(deep_values(picture).max()) if is_deep(picture) else None


def bits_of(highest: int) -> int:
    """How many bits, 8 to 16, a set with this highest value uses.

    Cameras and scanners store 10, 12 or 14 bits in 16-bit files.

    Examples:
        >>> bits_of(4095), bits_of(4096), bits_of(100)
        (12, 13, 8)
    """
    return max(8, highest.bit_length())


def bits_in_words(bits: int) -> str:
    """How grey with more than 8 bits is read."""
    if bits == 16:
        return "16-bit grey is scaled to 8 bits"
    if bits == 8:
        return "16-bit grey whose values need no more than 8 bits is read as 8 bits"
    return f"16-bit grey whose values need {bits} bits is scaled from 0 to {2**bits - 1:,}"


def deep_values(picture: Image.Image) -> np.ndarray:
    """The values of a grey picture with more than 8 bits, int32 (H, W).

    Raises:
        ValueError: values are outside 16 bits.
    """
    values = np.asarray(picture).astype(np.int32)
    if values.size and not 0 <= values.min() <= values.max() <= 65535:
        raise ValueError("integer pixels outside 0 to 65535: 8 or 16 bits are needed")
    return values


def square(picture: Image.Image, side: int, border: float = 0.0) -> Image.Image:
    """Resize the shorter side and crop the centre to ``side`` × ``side``.

    Uses antialiased bicubic interpolation for all images, as the paper's ImageNet pipeline does.

    Args:
        picture: ``L`` or ``RGB``.
        side: of the result, in pixels.
        border: share of height and width cut off at each edge, 0 to below 0.5. 1/16 gives the
            usual resize to 256 and crop to 224.
    """
    # One step instead of two: an extreme aspect ratio never makes a gigantic picture.
    return ImageOps.fit(picture, (side, side), method=Image.Resampling.BICUBIC, bleed=border)


def stretched(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize to (height, width), whatever the shape, by the interpolation of `square`.

    Args:
        picture: ``L`` or ``RGB``.
        size: height and width of the result, in pixels.
    """
    return picture.resize(size[::-1], Image.Resampling.BICUBIC)


def planes(picture: Image.Image) -> np.ndarray:
    """Return the pixels of an ``L`` or ``RGB`` picture as uint8 (C, H, W)."""
    pixels = np.asarray(picture)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def square_planes(pixels: np.ndarray, side: int) -> np.ndarray:
    """Resize uint8 (C, H, W) to (C, side, side) by `square`, channel by channel."""
    return np.stack([planes(square(Image.fromarray(plane), side))[0] for plane in pixels])


def resized(images: Tensor, side: int) -> Tensor:
    """Resize images, uint8 (N, C, H, W), to (N, C, side, side) by `square`."""
    if images.shape[2:] == (side, side):
        return images
    out = np.empty((*images.shape[:2], side, side), np.uint8)
    for i, image in enumerate(images.numpy()):
        out[i] = square_planes(image, side)
    return torch.from_numpy(out)
