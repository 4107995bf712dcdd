"""Boxes as labels: relative to the image, inside it, padded to one number per image."""

from typing import NamedTuple

import numpy as np
import torch

from dada.compute.memory import check_fits
from dada.datasets.annotated.found import Found, Picture, Tallies
from dada.datasets.annotated.sizes import Sizes, same_shape
from dada.tasks.detection import ABSENT
from dada.tasks.task import AllLabels

_SLACK = 1e-4  # of a side, by which rounding moves a box out of its image


class Labels(NamedTuple):
    """The labels of pictures.

    Attributes:
        targets: of boxes float32 (N, M, 5): x0, y0, x1, y1, relative, and the class; absent rows
            are zeros with class −1, and come last. Of masks int32 (N, H, W), packed.
        kept: (N,) the indices of the pictures that they are for.
        there: bool (N, classes), whether a picture has an object of a class.
    """

    targets: AllLabels
    kept: np.ndarray
    there: np.ndarray


def box_labels(
    found: Found, pictures: list[Picture], sizes: Sizes, where: object
) -> tuple[Labels, tuple[str, ...]]:
    """The boxes of all pictures as labels, and notes on those that are clipped or left out.

    Boxes that reach beyond their image are clipped to it; those without area, or outside, are left
    out. Where an annotation gives another size than its picture has, boxes are relative to that
    size if it has the same shape, and to the picture's own otherwise.

    Args:
        found: what they are of.
        pictures: all, with boxes.
        sizes: those of the pictures.
        where: begins error messages.

    Raises:
        UserError: the labels do not fit in memory.
    """
    tallies, rows, kept = Tallies(where), [], []
    places = {name: i for i, name in enumerate(found.classes)}
    for i, picture in enumerate(pictures):
        size = (1, 1) if found.relative else reference_size(picture, sizes, i, tallies)
        if size is not None:
            rows.append(_rows(picture, size, places, tallies))
            kept.append(i)
    most = max(1, *map(len, rows)) if rows else 1
    check_fits(f"{where}: boxes, up to {most:,} per image", len(rows) * most * 20, len(rows))
    targets = np.tile(np.array(ABSENT, np.float32), (len(rows), most, 1))
    there = np.zeros((len(rows), len(found.classes)), bool)
    for target, has, row in zip(targets, there, rows, strict=True):
        target[: len(row)] = row
        has[row[:, 4].astype(int)] = True
    return Labels(torch.from_numpy(targets), np.array(kept, np.int64), there), tallies.notes()


def reference_size(
    picture: Picture, sizes: Sizes, index: int, tallies: Tallies
) -> tuple[int, int] | None:
    """The height and width in which a picture is annotated; None leaves it out."""
    own, said = sizes.upright[index], picture.size
    if own is None or said is None or own == said:
        return own or said or (1, 1)  # without any size it cannot be decoded, and will be skipped
    if sizes.turned[index] and same_shape(own[::-1], said):
        tallies.add("images that metadata turn, but annotated unturned, are left out", picture.file)
        return None
    if same_shape(own, said):
        tallies.add("images of another size than annotated: boxes are scaled", picture.file)
        return said
    tallies.add("images of another shape than annotated: boxes are in pixels", picture.file)
    return own


def _rows(
    picture: Picture, size: tuple[int, int], places: dict[str, int], tallies: Tallies
) -> np.ndarray:
    """(n, 5) boxes inside the picture and their classes."""
    corners = np.array([box.corners for box in picture.boxes], np.float64).reshape(-1, 4)
    height, width = size
    relative = corners / (width, height, width, height)
    inside = relative.clip(0, 1).astype(np.float32)
    flat = (corners[:, 2:] <= corners[:, :2]).any(1)
    outside = ~flat & (inside[:, 2:] <= inside[:, :2]).any(1)
    over = (np.abs(relative - relative.clip(0, 1)) > _SLACK).any(1) & ~flat & ~outside
    for found, what in (
        (over, "boxes that reach beyond their image are clipped"),
        (flat, "boxes without area are left out"),
        (outside, "boxes outside their image are left out"),
    ):
        for _ in range(int(found.sum())):
            tallies.add(what, picture.file)
    classes = np.array([places[box.name] for box in picture.boxes], np.float32)
    return np.column_stack([inside, classes])[~flat & ~outside]
