"""The sizes of pictures, and the one size to which all of them are resized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from PIL import Image

from dada.datasets.decode import file_threads
from dada.datasets.picture import ORIENTATION, formats, quiet
from dada.datasets.pixels import choose_side
from dada.errors import option
from dada.files import opened

SAME_SHAPE = 1.02
"""Ratios of width and height within this factor of each other are the same shape."""

_LONGEST = 4  # times the shorter side
_STEP = 8  # pixels: what the longer side is a multiple of, since networks halve it


@dataclass(frozen=True)
class Sizes:
    """The height and width of each picture, upright; None where it cannot be read.

    Attributes:
        upright: (height, width) as pictures are shown.
        turned: whether metadata turn the picture by a quarter, so that its pixels are stored as
            (width, height).
    """

    upright: tuple[tuple[int, int] | None, ...]
    turned: tuple[bool, ...]

    @classmethod
    def of(cls, files: Sequence[str]) -> Sizes:
        """Look at the headers of files."""
        with quiet(), file_threads() as pool:
            found = list(pool.map(_size, files))
        return cls(tuple(size for size, _ in found), tuple(turned for _, turned in found))


def usual_size(
    sizes: Sequence[tuple[int, int] | None], side: int | None
) -> tuple[tuple[int, int], str]:
    """The height and width for all pictures, and a note that says so.

    The ratio of the sides is the median of all, as near as the longer side, a multiple of 8 pixels
    and at most four times the shorter one, comes to it.

    Args:
        sizes: (height, width) of each picture; None is skipped.
        side: the shorter side, in pixels; None chooses 32, 64 or 96 as for other folders.

    Examples:
        >>> usual_size([(480, 640), (480, 640), None], side=None)
        ((96, 128), 'images resized to 96 pixels of height and 128 of width; side= changes it')
        >>> usual_size([(100, 200), (100, 200), (150, 150)], side=64)[1]
        'images resized to 64 pixels of height and 128 of width: 1 of another shape is stretched'
    """
    known = [size for size in sizes if size is not None]
    shorter = side or choose_side([min(size) for size in known])
    ratio = median(width / height for height, width in known) if known else 1.0
    longer = min(round(shorter * max(ratio, 1 / ratio) / _STEP) * _STEP, _LONGEST * shorter)
    if max(ratio, 1 / ratio) < SAME_SHAPE or longer < shorter:
        longer = shorter
    size = (shorter, longer) if ratio >= 1 else (longer, shorter)
    note = f"images resized to {size[0]} pixels of height and {size[1]} of width"
    if count := sum(not same_shape(other, size) for other in known):
        are = "is" if count == 1 else "are"
        note += f": {count:,} of another shape {are} stretched"
    return size, note if side else f"{note}; {option('side')} changes it"


def same_shape(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two (height, width) have the same ratio, within 2 %."""
    ratio = size[1] * other[0] / (size[0] * other[1])
    return 1 / SAME_SHAPE < ratio < SAME_SHAPE


def _size(file: str) -> tuple[tuple[int, int] | None, bool]:
    try:
        with opened(file) as source, Image.open(source, formats=formats()) as picture:
            width, height = picture.size
            turned = _is_turned(picture)
    except Exception:  # unreadable files are reported when they are decoded
        return None, False
    return ((width, height) if turned else (height, width)), turned


def _is_turned(picture: Image.Image) -> bool:
    try:
        return picture.getexif().get(ORIENTATION) in (5, 6, 7, 8)
    except Exception:
        return False
