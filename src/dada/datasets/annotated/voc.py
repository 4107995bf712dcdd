"""Pascal VOC: an XML file per image, in ``Annotations/`` or beside the image."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from dada.datasets.annotated.found import Box, Found, Picture, Tallies
from dada.datasets.annotated.image_sets import image_sets
from dada.datasets.annotated.places import (
    IMAGES,
    annotation_folders,
    by_folder,
    files,
    folder,
    folders,
    inside,
    part_folders,
    pictures,
    stem,
)
from dada.datasets.annotated.read_xml import Element, read_xml
from dada.datasets.parts import kind_of
from dada.errors import UserError

_XML = r".*\.xml"
_TRIED = 3  # files that decide whether it is Pascal VOC, of which one may be another's


def find(root: Path) -> Found | None:
    """Read a folder of Pascal VOC (Everingham et al. 2010): its boxes, in pixels as they are.

    ``Annotations/`` is beside ``JPEGImages/``, with the parts in ``ImageSets/Main/``; or XML files
    are beside their images. Either may be inside ``train/``, ``valid/`` and so on. Instead of
    ``Annotations/`` there may be ``annotations/xmls/``, ``labels/`` or the like, and in it, or in
    ``images/``, folders called like parts. A file without objects says that its image has none,
    while an image without a file is not annotated and left out. Objects marked as difficult are
    objects.

    Raises:
        UserError: a file is broken; the message names its line.
    """
    tallies = Tallies(root)
    named = [place for place in folders(root) if kind_of(place.name)]
    places = {place.name: found for place in named if (found := _xml_files(place))}
    if not places:
        places = _split(root)
    if places:
        parts = {part: _pictures(*place, tallies) for part, place in places.items()}
    else:
        if (place := _xml_files(root)) is None:
            return None
        everything = _pictures(*place, tallies)
        parts = image_sets(root, "Main", everything, tallies)
        if list(parts) == [""] and (split := by_folder(root, [*everything.values()])):
            parts = {part: {one.file: one for one in found} for part, found in split.items()}
        places = {"": place}
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
        sources=tuple(path for paths, _ in places.values() for path in paths),
    )


def _xml_files(place: Path) -> tuple[list[Path], Path] | None:
    """The annotations of a folder, and the folder of their pictures; None if there are none."""
    for inner in annotation_folders(place):
        if _are_annotations(annotations := files(inner, _XML)):
            return annotations, _images(place) or place
    loose = files(place, _XML)
    there = pictures(place) if loose else {}
    loose = [path for path in loose if path.stem in there]
    return (loose, place) if _are_annotations(loose) else None


def _split(root: Path) -> dict[str, tuple[list[Path], Path]]:
    """The same of each part, of annotations in folders called like parts."""
    found: dict[str, tuple[list[Path], Path]] = {}
    places, everything = part_folders(root), _images(root) or root
    for inner in annotation_folders(root):
        annotations = files(inner, _XML) if kind_of(inner.name) else []
        if inner.name not in found and _are_annotations(annotations):
            found[inner.name] = annotations, places.get(inner.name, [everything])[0]
    return found


def _images(place: Path) -> Path | None:
    return folder(place, *(name for name in IMAGES if name != "data"))


def _are_annotations(paths: Sequence[Path]) -> bool:
    return any(read_xml(path).tag == "annotation" for path in paths[:_TRIED])


def _pictures(annotations: Sequence[Path], images: Path, tallies: Tallies) -> dict[str, Picture]:
    """The annotated pictures by the stems of their annotations."""
    there = pictures(images)
    single = _single(there)
    found = {}
    for path in annotations:
        tree = read_xml(path)
        if tree.tag != "annotation":
            raise UserError(f"{tree.where}: <{tree.tag}>, not <annotation> as in other files")
        if file := _image(tree, path, images, there) or single.get(path.stem):
            found[path.stem] = _picture(tree, file, tallies)
        else:
            tallies.add("annotations whose image is not there are left out", path)
    used = {picture.file for picture in found.values()}
    for file in there.values():
        if file not in used:
            tallies.add("images without an annotation file are left out", file)
    return found


def _single(there: Mapping[str, str]) -> dict[str, str]:
    """Those of the pictures in inner folders whose own name no other has, by that name."""
    names = Counter(name.rpartition("/")[2] for name in there)
    own = {name.rpartition("/")[2]: file for name, file in there.items()}
    return {name: file for name, file in own.items() if names[name] == 1}


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
