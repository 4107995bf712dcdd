"""COCO JSON: ``annotations/instances_*.json``, or ``_annotations.coco.json`` beside images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dada.datasets.annotated.coco_files import coco_files
from dada.datasets.annotated.found import Box, Found, Outline, Picture, Tallies
from dada.datasets.annotated.places import IMAGES, by_folder, folder, inside, part_folders
from dada.datasets.annotated.read_json import entry
from dada.datasets.parts import kind_of
from dada.errors import UserError, listed

_NUMBER = (int, float)


def find(root: Path) -> Found | None:
    """Read a folder of COCO JSON files (https://cocodataset.org/#format-data).

    Objects have boxes, and outlines where ``segmentation`` gives them.

    A file is the annotation of a part: by its name, as in ``annotations/instances_val2017.json``,
    or by its folder's, as in ``valid/_annotations.coco.json``. Its images are in a folder called
    like the part, in ``images/``, or beside it. A file that names no part is for all of them, by
    the folders in which its images are, such as ``train/`` and ``val/``. Crowds, whose boxes hold
    several objects, are left out, and so are images that are not there.

    Raises:
        UserError: a file is broken, or names a class or an image that it does not define; the
            message names the file and the annotation.
    """
    classes: dict[str, None] = {}
    parts: dict[str, list[Picture]] = {}
    tallies = Tallies(root)
    sources = []
    for part, path, data in coco_files(root):
        names = _categories(path, data)
        classes |= dict.fromkeys(names.values())
        pictures = _pictures(root, path, part, data, names, tallies)
        # A file that names no part may be for all of them.
        split = {} if kind_of(part) else by_folder(root, pictures)
        for name, found in (split or {part: pictures}).items():
            if name in parts:
                raise UserError(
                    f"{path}: there is another COCO file for {name or root}: remove one"
                )
            parts[name] = found
        sources.append(path)
    if not parts:
        return None
    return Found("COCO JSON", parts, tuple(classes), notes=tallies.notes(), sources=tuple(sources))


def _categories(path: Path, data: Any) -> dict[int, str]:
    """The name of each category's number."""
    names: dict[int, str] = {}
    groups: dict[str, set[int]] = {}
    for i, category in enumerate(entry(data, "categories", list, path)):
        where = f"{path}, category {i}"
        number, name = entry(category, "id", int, where), entry(category, "name", str, where)
        if number in names or name in names.values():
            raise UserError(f"{where}: {name!r} with id {number} is there twice")
        if not name.strip():
            raise UserError(f"{where}: its name is empty: must be a class")
        names[number] = name
        groups.setdefault(str(category.get("supercategory")), set()).add(number)
    annotations = entry(data, "annotations", list, path)
    given = [a.get("category_id") for a in annotations if isinstance(a, dict)]
    used = {number for number in given if isinstance(number, int)}  # others are refused later
    # Roboflow lists the group of all classes as a class of its own, which no object has.
    return {n: name for n, name in names.items() if n in used or not groups.get(name, set()) - {n}}


def _pictures(
    root: Path, path: Path, part: str, data: Any, names: Mapping[int, str], tallies: Tallies
) -> list[Picture]:
    boxes: dict[Any, list[Box]] = {}
    images = entry(data, "images", list, path)
    for i, image in enumerate(images):
        number = entry(image, "id", (int, str), f"{path}, image {i}")
        if number in boxes:
            raise UserError(f"{path}, image {i}: id {number} is there twice")
        boxes[number] = []
    for i, annotation in enumerate(entry(data, "annotations", list, path)):
        number = annotation.get("id", f"at index {i}") if isinstance(annotation, dict) else i
        where = f"{path}, annotation {number}"
        image = entry(annotation, "image_id", (int, str), where)
        category = entry(annotation, "category_id", int, where)
        if image not in boxes:
            raise UserError(f"{where}: no image has id {image}")
        if category not in names:
            raise UserError(f"{where}: no category has id {category}")
        if (crowd := annotation.get("iscrowd")) not in (None, 0, 1):
            raise UserError(f"{where}: iscrowd is {str(crowd)[:40]!r}: must be 0 or 1")
        if crowd:
            tallies.add("crowd annotations are left out", where)
        else:
            shape = annotation.get("segmentation")
            outline = Outline(shape, path, number) if shape and shape != [[]] else None
            boxes[image].append(Box(_corners(annotation, where), names[category], outline))
    places = _places(root, path, part)
    others = {} if kind_of(part) else part_folders(root)
    found = []
    for i, image in enumerate(images):
        where = f"{path}, image {i}"
        name = entry(image, "file_name", str, where)
        if (file := inside(places, name, where) or _in_a_part(others, name, where)) is None:
            tallies.add("annotated images that are not there are left out", f"{path}: {name}")
            continue
        found.append(Picture(file, tuple(boxes[image["id"]]), _size(image, where)))
    return found


def _in_a_part(parts: Mapping[str, list[Path]], name: str, where: str) -> str | None:
    """The file of this name in the folder of a part.

    Raises:
        UserError: several parts have one.
    """
    found = {part: file for part, places in parts.items() if (file := inside(places, name, where))}
    if len(found) > 1:
        first = next(iter(found))
        raise UserError(
            f"{where}: {name!r} is in {listed(list(found))}: file_name must say in which, as in "
            f"{first}/{name}"
        )
    return next(iter(found.values()), None)


def _corners(annotation: Any, where: str) -> tuple[float, float, float, float]:
    box = entry(annotation, "bbox", list, where)
    plain = [v for v in box if isinstance(v, _NUMBER) and not isinstance(v, bool)]
    if len(plain) != 4 or len(box) != 4 or not all(abs(value) < 1e9 for value in plain):
        raise UserError(f"{where}: bbox is {str(box)[:60]}: must be [x, y, width, height]")
    x, y, width, height = map(float, plain)
    return x, y, x + width, y + height


def _size(image: Any, where: str) -> tuple[int, int] | None:
    if image.get("height") is None or image.get("width") is None:
        return None
    height, width = entry(image, "height", int, where), entry(image, "width", int, where)
    if max(height, width) >= 1e9:
        raise UserError(f"{where}: more than 1e9 pixels high or wide")
    return (height, width) if height > 0 and width > 0 else None


def _places(root: Path, path: Path, part: str) -> list[Path]:
    """Where the images of a file may be, the likeliest first."""
    images = folder(root, *IMAGES)
    beside = folder(path.parent, *IMAGES)
    bases = [base for base in (images, root) if base is not None]
    named = [place for base in bases if part and (place := folder(base, part.lower()))]
    inner = [place for base in named if (place := folder(base, *IMAGES))]
    return [path.parent, *inner, *named, *([beside] if beside else []), *bases]
