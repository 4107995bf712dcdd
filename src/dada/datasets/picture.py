"""Read one picture from its file: upright, of bounded size, however broken its metadata."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from threading import RLock
from typing import BinaryIO

from PIL import Image, ImageFile, features

from dada.datasets.bare import without_metadata
from dada.files import opened

MOST_PIXELS = 89_478_485
"""The largest picture that is decoded: the most that Pillow accepts without a warning."""

_FORMATS = ("PNG", "JPEG", "MPO", "BMP", "DIB", "PPM", "TIFF", "WEBP", "GIF", "JPEG2000", "AVIF")
ORIENTATION = 0x0112
"""The number of the metadata's entry that says how to turn a picture."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

LARGE = 2**24  # pixels: decoding takes about 16 bytes per pixel
_TURN = RLock()

_Found = tuple[Image.Image, set[str]]

PAGES = "only the first picture of files with several is used"
METADATA = "unreadable metadata is ignored"
DEEP_COLOUR = "16-bit colour is reduced to its upper 8 bits"


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Pillow's warnings about broken metadata and large pictures; notes report them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


@contextmanager
def read_picture(file: str, aim: int | None = None) -> Iterator[_Found]:
    """Decode the first picture of a regular file; large pictures one at a time per process.

    Args:
        file: its path.
        aim: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, as long as neither side falls
            below this; None reduces it only to stay within `MOST_PIXELS`.

    Yields:
        The picture in its own mode, upright, and what was ignored.

    Raises:
        Exception: the file is not a picture, is broken or too large; Pillow may raise nearly
            anything.
    """
    with ExitStack() as stack:
        source = stack.enter_context(opened(file))
        found: _Found | None
        try:
            found = _decode(source, aim, stack)
        except MemoryError:
            raise
        except Exception:  # if metadata was not the cause, this error says more than the next
            found = _decode_bare(source, aim, stack)
            if found is None:
                raise
        yield found


@cache
def formats() -> tuple[str, ...]:
    """The supported formats that this version of Pillow can read.

    No other format is tried, whatever a file contains: some of them run other programs.
    """
    Image.init()
    return tuple(
        name
        for name in _FORMATS
        if name in Image.OPEN and (name != "AVIF" or features.check("avif"))
    )


def _decode_bare(source: BinaryIO, aim: int | None, stack: ExitStack) -> _Found | None:
    try:
        picture, lost = _decode(without_metadata(source), aim, stack, bare=True)
    except MemoryError:
        raise
    except Exception:
        return None
    return picture, lost | {METADATA}


def _decode(source: BinaryIO, aim: int | None, stack: ExitStack, *, bare: bool = False) -> _Found:
    with Image.open(source, formats=formats()) as picture:
        _bound(picture, aim)
        if picture.width * picture.height > LARGE:
            stack.enter_context(_TURN)
        lost = _losses(picture)
        if bare and picture.format == "TIFF":  # it reads more metadata there
            vars(picture)["load_end"] = lambda: None
        picture.load()
        upright, read = _upright(picture)
        _check_colour(upright, lost)
        return upright, lost if read else lost | {METADATA}


def _bound(picture: Image.Image, aim: int | None) -> None:
    if aim is not None:
        picture.draft(None, (aim, aim))
    elif picture.width * picture.height > MOST_PIXELS:
        half = (picture.width // 2, picture.height // 2)
        picture.draft(None, half)
    if picture.width * picture.height > MOST_PIXELS:
        raise ValueError(
            f"{picture.width}x{picture.height} pixels: at most {MOST_PIXELS:,} are read"
        )


def _losses(picture: ImageFile.ImageFile) -> set[str]:
    """What decoding will lose; checked before, while it is still known."""
    lost = set()
    try:
        several = getattr(picture, "is_animated", False)
    except Exception:  # what follows the first picture is broken
        several = True
    if several:
        lost.add(PAGES)
    if not picture.mode.startswith("I") and any(";16" in str(tile) for tile in picture.tile):
        lost.add(DEEP_COLOUR)
    return lost


def _check_colour(picture: Image.Image, lost: set[str]) -> None:
    """Refuse 12-bit colours: Pillow keeps the high byte of 16, which leaves 16 levels of them."""
    if DEEP_COLOUR in lost:
        top = max(int(high) for _, high in _bands(picture))
        if top < 16:
            raise ValueError("16-bit colours that use 12 bits or fewer: convert them to 8 bits")


def _bands(picture: Image.Image) -> list[tuple[int, int]]:
    colours = picture.convert("RGB" if picture.mode.startswith("RGB") else "L")
    return [band.getextrema() for band in colours.split()]  # type: ignore[misc]


def _upright(picture: Image.Image) -> tuple[Image.Image, bool]:
    """The picture turned upright, and whether its orientation could be read."""
    try:
        turn = _TURNS.get(picture.getexif().get(ORIENTATION))  # type: ignore[arg-type]
    except Exception:
        return picture, False
    return picture if turn is None else picture.transpose(turn), True
