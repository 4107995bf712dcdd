"""Pascal VOC: an XML file per image, in ``Annotations/`` or beside the image."""

from collections.abc import Mapping
from pathlib import Path

from dada.datasets.annotated.found import Box, Found, Picture, Tallies
from dada.datasets.annotated.image_sets import image_sets
from dada.datasets.annotated.places import IMAGES, files, folder, folders, inside, pictures, stem
from dada.datasets.annotated.read_xml import Element, read_xml
from dada.datasets.parts import kind_of
from dada.errors import UserError

_XML = r".*\.xml"
_TRIED = 3  # files that decide whether it is Pascal VOC, of which one may be another's


def find(root: Path) -> Found | None:
    """Read a folder of Pascal VOC (Everingham et al. 2010): its boxes, in pixels as they are.

    ``Annotations/`` is beside ``JPEGImages/``, with the parts in ``ImageSets/Main/``; or XML files
    are beside their images. Either may be inside ``train/``, ``valid/`` and so on. A file without
    objects says that its image has none, while an image without a file is not annotated and left
    out. Objects marked as difficult are objects.

    Raises:
        UserError: a file is broken; the message names its line.
    """
    tallies = Tallies(root)
    parts = {
        place.name: found
        for place in folders(root)
        if kind_of(place.name) and (found := _pictures(place, tallies)) is not None
    }
    if not parts:
        everything = _pictures(root, tallies)
        if everything is None:
            return None
        parts = image_sets(root, "Main", everything, tallies)
    boxes = [box for found in parts.values() for picture in found.values() for box in picture.boxes]
    classes = sorted({box.name for box in boxes})
    notes = list(tallies.notes())
    if masks := folder(root, "segmentationclass"):
        notes.append(f"boxes are read; for the masks beside them, give {masks}")
    return Found(
        "Pascal VOC XML",
        {part: tuple(found.values()) for part, found in parts.items()},
        tuple(classes),
        notes=tuple(notes),
    )


def _pictures(place: Path, tallies: Tallies) -> dict[str, Picture] | None:
    """The annotated pictures of a folder by their stems; None if there are no annotations."""
    inner = folder(place, "annotations", "annotation", "labels")
    annotations = files(inner, _XML) if inner else []
    images = folder(place, *(name for name in IMAGES if name != "data")) if annotations else None
    loose = [] if annotations else files(place, _XML)
    there = pictures(images or place) if annotations or loose else {}
    annotations = annotations or [path for path in loose if path.stem in there]
    if all(read_xml(path).tag != "annotation" for path in annotations[:_TRIED]):
        return None
    found = {}
    for path in annotations:
        tree = read_xml(path)
        if tree.tag != "annotation":
            raise UserError(f"{tree.where}: <{tree.tag}>, not <annotation> as in other files")
        if file := _image(tree, path, images or place, there):
            found[path.stem] = _picture(tree, file, tallies)
        else:
            tallies.add("annotations whose image is not there are left out", path)
    used = {picture.file for picture in found.values()}
    for file in there.values():
        if file not in used:
            tallies.add("images without an annotation file are left out", file)
    return found


def _image(tree: Element, path: Path, images: Path, there: Mapping[str, str]) -> str | None:
    """The image of an annotation: of the same stem, or the one that it names."""
    if file := there.get(path.stem):
        return file
    name = tree.get("filename")
    if name is None or not name.text:
        return None
    return inside([images], name.text, name.where) or there.get(stem(name.text))


def _picture(tree: Element, file: str, tallies: Tallies) -> Picture:
    boxes = []
    for element in tree.all("object"):
        name = element.one("name")
        if not name.text:
            raise UserError(f"{name.where}: <name> is empty: must be a class")
        difficult = element.get("difficult")
        if difficult is not None and difficult.text == "1":
            tallies.add("objects marked as difficult are kept", element.where)
        boxes.append(Box(_corners(element.one("bndbox")), name.text))
    return Picture(file, tuple(boxes), _size(tree))


def _corners(box: Element) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (box.one(tag).number() for tag in ("xmin", "ymin", "xmax", "ymax"))
    return x0, y0, x1, y1


def _size(tree: Element) -> tuple[int, int] | None:
    if (size := tree.get("size")) is None:
        return None
    height, width = int(size.one("height").number()), int(size.one("width").number())
    return (height, width) if height > 0 and width > 0 else None
