"""Masks of objects as labels: one map per image of which object each pixel belongs to."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from dada.datasets.annotated.boxes import Labels, reference_size
from dada.datasets.annotated.found import Box, Found, Picture, Tallies
from dada.datasets.annotated.outlines import mask_in
from dada.datasets.annotated.packing import packed
from dada.datasets.annotated.sizes import Sizes
from dada.errors import UserError
from dada.models.instance_maps import CLASSES, NUMBERS, filled, kinds_of, value_of


def instance_labels(
    found: Found, pictures: list[Picture], sizes: Sizes, size: tuple[int, int], where: object
) -> tuple[Labels, tuple[str, ...]]:
    """The objects of all pictures as labels of `dada.tasks.Instances`, and notes.

    Where objects overlap, the smaller one is in front. An object without an outline is its box,
    filled; one of which no pixel is seen is left out.

    Args:
        found: what they are of.
        pictures: all, with boxes that have outlines.
        sizes: those of the pictures.
        size: height and width of the maps.
        where: begins error messages.

    Raises:
        UserError: no object has an outline, one is broken, or the maps do not fit in memory.
    """
    if not any(box.outline for picture in pictures for box in picture.boxes):
        raise UserError(
            f"{where}: read as {found.format}, and no object has a mask: COCO JSON with "
            "segmentation is needed; without instances: boxes are read"
        )
    if len(found.classes) > CLASSES:
        raise UserError(f"{where}: {len(found.classes)} classes: at most {CLASSES} with masks")
    tallies = Tallies(where)
    known = [reference_size(picture, sizes, i, tallies) for i, picture in enumerate(pictures)]
    kept = [(i, own) for i, own in enumerate(known) if own is not None]
    there = np.zeros((len(kept), len(found.classes)), bool)
    places = {name: i for i, name in enumerate(found.classes)}
    seen = [Tallies(where) for _ in kept]  # of each picture, as threads draw them in any order

    def draw(row: int) -> np.ndarray:
        index, own = kept[row]
        picture, canvas = pictures[index], np.zeros(size, np.int32)
        masks = _masks(picture, own, size, places, seen[row])
        there[row, paint(canvas, masks, picture.file, seen[row])] = True
        return canvas

    maps = packed(f"{where}: maps of objects", draw, (len(kept), *size), np.dtype(np.int32))
    tallies.join(seen)
    return Labels(maps, np.array([i for i, _ in kept], np.int64), there), tallies.notes()


def paint(
    canvas: np.ndarray, masks: Sequence[tuple[int, np.ndarray]], where: str, tallies: Tallies
) -> np.ndarray:
    """Paint objects on an empty map, the smaller in front.

    Args:
        canvas: int32 (H, W), zeros.
        masks: the class and the pixels, bool (H, W), of each object.
        where: of the picture.
        tallies: counts objects of which no pixel is seen.

    Returns:
        The classes of those that are seen.

    Raises:
        UserError: there are more than a map can tell apart.
    """
    if len(masks) > NUMBERS:
        raise UserError(f"{where}: {len(masks):,} objects: at most {NUMBERS:,}")
    largest_first = sorted(masks, key=lambda pair: -np.count_nonzero(pair[1]))
    for number, (kind, mask) in enumerate(largest_first):
        np.copyto(canvas, value_of(kind, number), where=mask)
    values = torch.from_numpy(np.flatnonzero(np.bincount(canvas.ravel())))
    seen = kinds_of(values[values > 0]).numpy()
    for _ in range(len(masks) - len(seen)):
        tallies.add("objects too small to be seen, or hidden, are left out", where)
    return seen


def _masks(
    picture: Picture,
    own: tuple[int, int],
    size: tuple[int, int],
    places: Mapping[str, int],
    tallies: Tallies,
) -> list[tuple[int, np.ndarray]]:
    """The class and the pixels of each object."""
    if own == (1, 1):  # of no known size: cannot be decoded, and will be skipped
        return []
    masks = []
    for box in picture.boxes:
        if box.outline is None:
            tallies.add("objects without a mask are their boxes", picture.file)
        mask = _filled(box, own, size) if box.outline is None else mask_in(box.outline, own, size)
        masks.append((places[box.name], mask))
    return masks


def _filled(box: Box, own: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    height, width = own
    corners = torch.tensor([box.corners]) / torch.tensor([width, height, width, height])
    return filled(corners, size)[0].numpy()
