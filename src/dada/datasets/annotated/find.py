"""Recognise the format of annotations: the one place that knows which there are."""

from dataclasses import replace
from pathlib import Path

from dada.datasets.annotated import coco, masks, voc, yolo
from dada.datasets.annotated.found import Format, Found
from dada.datasets.annotated.listed import listed
from dada.datasets.annotated.places import folders
from dada.datasets.annotated.unread import unread
from dada.datasets.listing import Listing
from dada.datasets.parts import part_of
from dada.datasets.pixels import check_side

FORMATS: tuple[Format, ...] = (coco.find, voc.find, yolo.find, masks.find)
"""Each looks for what the others do not have; the first that finds something is right."""


def list_annotated(
    path: Path, side: int | None = None, instances: bool = False, tested: bool = False
) -> Listing | None:
    """List the pictures of a folder with boxes or masks; None if it is another kind of folder.

    The format may be that of the only folder in it, as in ``VOCdevkit/VOC2012/``. Masks are read,
    at the size that pictures will have; of pictures only the size is looked at.

    Args:
        path: the folder.
        side: the shorter side that pictures will have, in pixels; None chooses it.
        instances: whether masks of objects are the labels, not their boxes.
        tested: whether only test images count, so that there need be no others.

    Raises:
        UserError: an annotation is broken, there are no objects, or the masks do not fit in memory.
    """
    check_side(side)
    found = find_annotated(path)
    return None if found is None else listed(path, found, side, instances, tested)


def find_annotated(path: Path) -> Found | None:
    """What the first of the formats finds that the folder has; None if it has none of them."""
    for find in FORMATS:
        if (found := find(path)) is not None:
            return replace(found, notes=(*found.notes, *unread(path, found.sources)))
    inner = folders(path)
    if len(inner) == 1 and not part_of(inner[0].name):
        return find_annotated(inner[0])
    return None
