"""Masks as labels: the class of each pixel, at the size of the images."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from PIL import Image

from dada.datasets.annotated.found import Found, Picture
from dada.datasets.annotated.packing import packed
from dada.datasets.annotated.sizes import same_shape
from dada.datasets.decode import reason
from dada.datasets.picture import quiet, read_picture
from dada.datasets.pixels import deep_values, is_deep
from dada.errors import UserError
from dada.errors import listed as in_words
from dada.tasks.packed import PackedMaps, renumbered
from dada.tasks.segmentation import IGNORED


def read_masks(
    found: Found,
    pictures: Sequence[Picture],
    sizes: Sequence[tuple[int, int] | None],
    size: tuple[int, int],
    where: object,
) -> tuple[PackedMaps, tuple[str, ...], tuple[str, ...]]:
    """The masks of pictures, resized to the nearest pixel.

    Args:
        found: what they are of.
        pictures: all, with masks.
        sizes: (height, width) of each picture; None if it is unknown.
        size: height and width of the result.
        where: begins error messages.

    Returns:
        Maps uint8 (N, H, W), the names of the classes, and notes.

    Raises:
        UserError: a mask cannot be read, has another shape than its picture, or values without
            a name; or the masks do not fit in memory.
    """
    there = np.zeros((len(pictures), 256), bool)

    def read(index: int) -> np.ndarray:
        mask = read_mask(str(pictures[index].mask))
        own = sizes[index]
        if own is not None and not same_shape(own, mask.shape):
            raise UserError(
                f"{pictures[index].mask}: {mask.shape[0]}x{mask.shape[1]} pixels, but the image "
                f"has {own[0]}x{own[1]}: a mask must have the shape of its image"
            )
        there[index] = np.bincount(mask.ravel(), minlength=256) > 0
        return nearest(mask, size)

    with quiet():
        masks = packed(f"{where}: masks", read, (len(pictures), *size), np.dtype(np.uint8))
    files = [str(picture.mask) for picture in pictures]
    table, classes, notes = numbering(there, files, found.classes if found.named else ())
    if (table != np.arange(len(table))).any():
        masks = masks.changed(partial(renumbered, torch.from_numpy(table)))
    return masks, classes, notes


def read_mask(file: str) -> np.ndarray:
    """The values of a mask, uint8 (H, W): a palette's indices, or levels of grey.

    Raises:
        UserError: it is a JPEG, has colours, or cannot be read.
    """
    if file.lower().endswith((".jpg", ".jpeg", ".jpe", ".jfif")):
        raise UserError(f"{file}: a mask as JPEG, which changes values: save masks as PNG")
    try:
        with read_picture(file) as (picture, _):
            return values_of(picture)
    except (MemoryError, UserError):
        raise
    except Exception as error:  # for a broken file Pillow may raise nearly anything
        raise UserError(f"{file}: cannot be read ({reason(file, error)})") from error


def nearest(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask, uint8 (H, W), resized to (height, width): each pixel is one of the old ones."""
    resized = Image.fromarray(mask).resize(size[::-1], Image.Resampling.NEAREST)
    return np.asarray(resized)


def numbering(
    there: np.ndarray, files: Sequence[str], names: Sequence[str]
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """How the values of masks are numbered from 0, their names, and what was decided.

    Values are indices into names, if there are any. Otherwise those that occur are numbered in
    order, and named by their values. 255 is ignored, unless 0 and 255 are all that there is.

    Args:
        there: bool (N, 256), the values that each mask has at its full size.
        files: N, for messages.
        names: of the values from 0; none if they have none.

    Returns:
        uint8 (256,), the number of each value; the classes; and notes.

    Raises:
        UserError: a value has no name, or there is one value only.

    Examples:
        >>> import numpy as np
        >>> mask = np.array([[0, 38, 255, 75]], np.uint8)
        >>> there = np.bincount(mask.ravel(), minlength=256)[None] > 0
        >>> table, classes, _ = numbering(there, ["a.png"], ())
        >>> table[mask].tolist(), classes
        ([[0, 1, 255, 2]], ('class 0', 'class 38', 'class 75'))
    """
    values = np.flatnonzero(there.any(0))
    notes: list[str] = []
    table = np.arange(256, dtype=np.uint8)
    if values.tolist() == [0, IGNORED]:
        table[IGNORED], values = 1, np.array([0, 1])
        notes.append("masks have the values 0 and 255 only: 255 is class 1")
    elif IGNORED in values:
        notes.append("pixels of value 255 are ignored")
    values = values[values != IGNORED]
    if not len(values) or (not names and len(values) < 2):
        raise UserError(
            f"{files[0]}: one class only in all {len(files):,} masks: at least two are needed"
        )
    if not names:
        classes = tuple(f"class {value}" for value in values)
        if values[-1] != len(values) - 1:
            table[values] = np.arange(len(values))
            notes.append(f"values {_few(values)} are numbered from 0 to {len(values) - 1}")
        return table, classes, (*notes, "there is no classes.txt: classes are called by value")
    classes = tuple(names)
    if values[-1] == len(classes) and "background" not in map(str.lower, classes):
        classes = ("background", *classes)
        notes.append("value 0 is the background, which is not among the names")
    if values[-1] >= len(classes):
        first = files[int(np.flatnonzero(there[:, values[-1]])[0])]
        raise UserError(
            f"{first}: value {values[-1]} has no name: there are {len(classes)} "
            f"({in_words(classes)})"
        )
    return table, classes, tuple(notes)


def values_of(picture: Image.Image) -> np.ndarray:
    """The values of a decoded mask, uint8 (H, W): a palette's indices, or levels of grey.

    Raises:
        ValueError: it has colours, or values above 255.
    """
    if picture.mode in ("P", "L", "1"):
        return np.asarray(picture).astype(np.uint8)
    if is_deep(picture):
        values = deep_values(picture)
    else:
        bands = np.asarray(picture.convert("RGB"))
        if (bands != bands[..., :1]).any():
            raise ValueError("a mask in colours: save the number of the class in each pixel")
        values = bands[..., 0]
    if values.max(initial=0) > IGNORED:
        raise ValueError(f"value {values.max()}: at most 255 classes can be told apart")
    return values.astype(np.uint8)


def _few(values: np.ndarray) -> str:
    return ", ".join(map(str, values[:5])) + (", …" if len(values) > 5 else "")
