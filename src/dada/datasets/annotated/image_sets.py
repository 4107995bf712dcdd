"""``ImageSets/``: text files of Pascal VOC that list the images of each part."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from dada.datasets.annotated.found import Picture, Tallies
from dada.datasets.annotated.places import files, folder
from dada.datasets.annotated.read_text import lines

_PARTS = r"(train|trainval|val|test)\.txt"

AnyPicture = TypeVar("AnyPicture", bound=Picture)


def image_sets(
    root: Path, kind: str, pictures: Mapping[str, Picture], tallies: Tallies
) -> dict[str, dict[str, Picture]]:
    """The pictures of each part by their stems; of one part, "", if there are no lists.

    Args:
        root: the folder that holds ``ImageSets/``.
        kind: the folder in it, ``Main`` or ``Segmentation``.
        pictures: all, by their stems.
        tallies: counts what is listed but not there, and what is there but not listed.

    Raises:
        UserError: a list cannot be read.
    """
    sets = folder(root, "imagesets")
    place = sets and folder(sets, kind.lower())
    listed = {path.stem.lower(): path for path in files(place, _PARTS)} if place else {}
    if "train" in listed:
        listed.pop("trainval", None)
    elif "trainval" in listed:
        listed["train"] = listed.pop("trainval")
    parts: dict[str, dict[str, Picture]] = {}
    for part, path in listed.items():
        parts[part] = {}
        for number, line in lines(path):
            name = line.split()[0]
            if name in pictures:
                parts[part][name] = pictures[name]
            else:
                tallies.add(
                    "listed images without image or annotation are left out", f"{path}:{number}"
                )
    parts = {part: found for part, found in parts.items() if found}
    if len(parts) == 1 and len(*parts.values()) == len(pictures):
        return parts
    if "train" not in parts:
        return {"": dict(pictures)}
    used = {name for found in parts.values() for name in found}
    for name, picture in pictures.items():
        if name not in used:
            tallies.add("annotated images in no list of ImageSets/ are left out", picture.file)
    return parts
