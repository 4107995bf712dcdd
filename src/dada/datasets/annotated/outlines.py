"""Outlines of objects in COCO JSON, polygons or run lengths, as masks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dada.datasets.annotated.found import Outline
from dada.datasets.annotated.mask_files import nearest
from dada.datasets.annotated.sizes import same_shape
from dada.extras import library

_FURTHEST = 1e9  # a coordinate in pixels
_LONGEST = 2**20  # pixels of a polygon's length; pycocotools takes 40 bytes for each
_LARGEST = 2**27  # pixels of a mask as run lengths
_DIGITS = 13  # of a compressed number: 64 bits


def mask_in(outline: Outline, own: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """The pixels of an object, bool (H, W).

    Polygons are drawn at the size asked for, as pycocotools draws them; a mask is resized to it by
    nearest neighbour.

    Args:
        outline: the object's.
        own: height and width of the image that it is for.
        size: height and width of the result.

    Raises:
        UserError: the outline is broken, or of another image; or pycocotools, which draws
            polygons, is not installed.
    """
    if isinstance(outline.shape, dict):
        return nearest(_of_runs(outline, own), size) > 0
    if not isinstance(outline.shape, list) or not all(isinstance(r, list) for r in outline.shape):
        outline.refuse("must be a list of polygons, or an object with size and counts")
    scale = np.array(size[::-1]) / own[::-1]
    rings = [_scaled(outline, ring, scale, size) for ring in outline.shape]
    drawing = library("pycocotools.mask", "instances: polygons")
    return drawing.decode(drawing.merge(drawing.frPyObjects(rings, *size))) > 0


def _scaled(
    outline: Outline, ring: Sequence[Any], scale: np.ndarray, size: tuple[int, int]
) -> list[float]:
    plain = all(isinstance(v, int | float) and abs(v) < _FURTHEST for v in ring)
    if not plain or len(ring) < 6 or len(ring) % 2:
        outline.refuse("has a polygon that is not [x, y, x, y, …], of three points or more")
    points = np.array(ring, np.float64).reshape(-1, 2) * scale
    limit = np.array(size[::-1])
    if not ((points >= -limit) & (points <= 2 * limit)).all():
        outline.refuse("reaches further beyond its image than the image is large")
    if np.abs(points - np.roll(points, 1, 0)).sum() > _LONGEST:
        outline.refuse(f"has a polygon longer than {_LONGEST:,} pixels")
    return points.ravel().tolist()


def _of_runs(outline: Outline, own: tuple[int, int]) -> np.ndarray:
    """A mask, uint8 (h, w), of run lengths down its columns, the first of which is of zeros."""
    size, counts = (outline.shape.get(name) for name in ("size", "counts"))
    if not (isinstance(size, list) and len(size) == 2 and _are_whole(size) and min(size) > 0):
        outline.refuse(f"has size {str(size)[:40]}: must be [height, width]")
    height, width = size
    if height * width > _LARGEST:
        outline.refuse(f"is {str(size)[:40]} pixels: at most {_LARGEST:,} are read")
    if not same_shape(own, (height, width)):
        outline.refuse(f"is {height}x{width} pixels, but the image {own[0]}x{own[1]}")
    if isinstance(counts, str):
        counts = _uncompressed(counts)
    if not (isinstance(counts, list) and _are_whole(counts) and sum(counts) == height * width):
        outline.refuse(f"has counts that are not run lengths for {height * width:,} pixels")
    values = np.arange(len(counts)) % 2
    return np.repeat(values.astype(np.uint8), counts).reshape(width, height).T.copy()


def _are_whole(numbers: Sequence[Any]) -> bool:
    return all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers)


def _uncompressed(text: str) -> list[int] | None:
    """Run lengths from COCO's text: digits of base 32, the lowest first, each number a difference
    from the last but one; None if it is something else."""
    counts: list[int] = []
    value = place = 0
    for digit in (ord(letter) - 48 for letter in text):
        if not 0 <= digit < 64 or place == _DIGITS:
            return None
        value |= (digit & 31) << (5 * place)
        place += 1
        if not digit & 32:
            if digit & 16:
                value -= 1 << (5 * place)
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = place = 0
    return None if place else counts
