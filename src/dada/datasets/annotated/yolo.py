"""YOLO: a text file per image in ``labels/``, and ``data.yaml`` with the names of the classes."""

import re
from pathlib import Path

from dada.datasets.annotated.found import Box, Found, Picture, Tallies
from dada.datasets.annotated.places import IMAGES, files, folder, folders, pictures, stem
from dada.datasets.annotated.read_text import class_names, lines, yaml_names
from dada.datasets.parts import kind_of, parts_of
from dada.datasets.tree import is_picture
from dada.errors import UserError

_NOT_LABELS = {"classes", "names", "readme", "readme.dataset", "readme.roboflow"}
_TRIED = 3  # files that decide whether those beside images are annotations
_ROW = re.compile(r"\d{1,6}(\s+[-+.\deE]+){4,}")

Texts = dict[str, Path]
"""Text files, by the names of their images."""


def find(root: Path) -> Found | None:
    """Read a folder of YOLO text files: rows of class, and centre and size relative to the image.

    Parts are ``images/train`` and ``labels/train``, or ``train/images`` and ``train/labels``; or
    ``images/`` and ``labels/`` are everything; or each file is beside its image. Rows of a class
    and a polygon count as the box around it. An image without a file has no objects. ``data.yaml``,
    or ``classes.txt``, names the classes; the paths in it are not used.

    Raises:
        UserError: a row is broken, or has a class without a name; the message names file and line.
    """
    if not (parts := _parts(root) or _beside(root)):
        return None
    tallies, names = Tallies(root), yaml_names(root)
    if names is None:
        labels = folder(root, "labels")
        names = class_names(root, *([labels] if labels else []))
    found = {
        part: _pictures(images, texts, names, tallies) for part, (images, texts) in parts.items()
    }
    if not any(found.values()):
        return None
    notes = tallies.notes()
    if not names:
        used = {box.name for part in found.values() for picture in part for box in picture.boxes}
        names = tuple(sorted(used, key=lambda name: int(name.split()[1])))
        notes += ("there is no data.yaml with names, and no classes.txt: classes are numbers",)
    sources = tuple(path for _, texts in parts.values() for path in texts.values())
    return Found("YOLO text", found, names, relative=True, notes=notes, sources=sources)


def _parts(root: Path) -> dict[str, tuple[Path, Texts]]:
    """The folder of images and the text files of each part."""
    images, labels = folder(root, *IMAGES), folder(root, "labels")
    if images is not None and labels is not None:
        inner = {place.name: place for place in folders(labels)}
        names = [name for name, part in parts_of(inner).items() if part]
        parts = {
            name: (place, _text_files(inner[name]))
            for name in names
            if (place := folder(images, name.lower()))
        }
        texts = {} if parts else _text_files(labels)
        return {"": (images, texts)} if texts and not pictures(labels) else parts
    parts, certain = {}, False
    for place in folders(root):
        images, labels = folder(place, *IMAGES), folder(place, "labels")
        if images is not None and labels is not None and parts_of([place.name])[place.name]:
            texts = _text_files(labels)
            parts[place.name] = (images, texts)
            certain = certain or (bool(texts) and not pictures(labels))
    return parts if certain else {}


def _beside(root: Path) -> dict[str, tuple[Path, Texts]]:
    """The same where text files are beside their images, in the folder or in those of its parts."""
    named = [place for place in folders(root) if kind_of(place.name)]
    for places in (named, [root]):
        found = {place.name: _rows_beside(place) for place in places}
        if any(found.values()):
            return {
                "" if p == root else p.name: (p, texts) for p in places if (texts := found[p.name])
            }
    return {}


def _rows_beside(place: Path) -> Texts:
    """The text files that are called like images in a folder; none if the first are no rows."""
    there = {path.stem for path in files(place, r".*") if is_picture(path.name)}
    texts = {path.stem: path for path in files(place, r".*\.txt") if path.stem in there}
    tried = [line for path in [*texts.values()][:_TRIED] for _, line in lines(path)]
    return texts if tried and all(map(_ROW.fullmatch, tried)) else {}


def _text_files(labels: Path) -> Texts:
    """The text files in and below a folder, by their paths inside it without ending."""
    found = (path for path in sorted(labels.rglob("*.txt")) if path.is_file())
    return {
        stem(str(path.relative_to(labels))): path
        for path in found
        if path.stem.lower() not in _NOT_LABELS
    }


def _pictures(
    images: Path, texts: Texts, names: tuple[str, ...], tallies: Tallies
) -> list[Picture]:
    there = pictures(images)
    for name in texts.keys() - there.keys():
        tallies.add("annotations whose image is not there are left out", texts[name])
    if there and not texts.keys() & there.keys():
        return []
    found = []
    for name, file in there.items():
        path = texts.get(name)
        boxes = () if path is None else _boxes(path, names, tallies)
        if path is None:
            tallies.add("images without a text file are taken to be without objects", file)
        found.append(Picture(file, boxes))
    return found


def _boxes(path: Path, names: tuple[str, ...], tallies: Tallies) -> tuple[Box, ...]:
    boxes = []
    for number, line in lines(path):
        where = f"{path}:{number}"
        first, *numbers = line.split()
        values = _values(numbers, where)
        if (
            not first.isdecimal()
            or len(first) > 6
            or (len(values) != 4 and (len(values) < 6 or len(values) % 2))
        ):
            raise UserError(
                f"{where}: {line[:40]!r}: must be a class, and x, y, width and height or a polygon"
            )
        label = int(first)
        if names and label >= len(names):
            raise UserError(f"{where}: class {label}: there are {len(names)} names, from 0")
        if len(values) == 4:
            x, y, width, height = values
            corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        else:
            tallies.add("polygons are read as the boxes around them", where)
            corners = (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))
        boxes.append(Box(corners, names[label] if names else f"class {label}"))
    return tuple(boxes)


def _values(texts: list[str], where: str) -> list[float]:
    try:
        values = [float(text) for text in texts]
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None
    if not all(-1 <= value <= 2 for value in values):
        raise UserError(
            f"{where}: numbers must be relative to the image's width and height, in [0, 1]"
        )
    return values
