"""Which files are COCO JSON: those with a usual name or, without any, those that look like it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dada.datasets.annotated.places import annotation_folders, files, folders
from dada.datasets.annotated.read_json import read_json
from dada.datasets.parts import kind_of
from dada.files import opened

_USUAL = r"instances.*\.json|.*\.coco\.json|coco\.json|_?annotations?\.json"
_OTHERS = r"(?!person_keypoints|captions|panoptic|stuff|image_info).*\.json"  # of objects
_KEYS = ("images", "annotations", "categories")
_LIST = re.compile(rf'"({"|".join(_KEYS)})"\s*:\s*\['.encode())
_ENDS = 2**16  # bytes of a file that are looked at from either end
_WORDS = "instances?|annotations?|coco|labels?|objects?|bbox(es)?|detections?|segmentations?|gt"


def coco_files(root: Path) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """The part that each file is for, its path, and what is in it.

    Files are in the folder itself, in one called ``annotations`` or the like, or in the folder of a
    part. If none has a usual name, each is taken that has objects as COCO JSON has them, whatever
    its name.

    Raises:
        UserError: a file is broken.
    """
    every = list(_placed(root))
    usual = [(part, path) for part, path in every if _is_usual(path)]
    found = False
    for part, path in usual:
        data = read_json(path)
        if _is_coco(data):
            found = True
            yield part, path, data
    rest = [] if found else [pair for pair in every if pair not in usual]
    for part, path in rest:
        if re.fullmatch(_OTHERS, path.name, re.IGNORECASE) and _may_be_coco(path):
            data = read_json(path)
            if _is_coco(data) and _has_objects(data):
                yield part, path, data


def _placed(root: Path) -> Iterator[tuple[str, Path]]:
    """All JSON files, and the part of each."""
    json = r".*\.json"
    for path in files(root, json):
        yield part_named(path), path
    for place in annotation_folders(root):
        for path in files(place, json):
            yield place.name if kind_of(place.name) else part_named(path), path
    for part in filter(lambda place: kind_of(place.name), folders(root)):
        for place in (part, *annotation_folders(part)):
            for path in files(place, json):
                yield part.name, path


def part_named(path: Path) -> str:
    """The part that a file is called after, such as ``val2017``; "" if it names none.

    Examples:
        >>> from pathlib import Path
        >>> [part_named(Path(name)) for name in ("instances_val2017.json", "train_labels.json")]
        ['val2017', 'train']
        >>> part_named(Path("_annotations.coco.json"))
        ''
    """
    name = re.sub(rf"(?i)(^|[-_. ]+)({_WORDS})(?=$|[-_. ])", "", path.stem).strip("-_. ")
    return "" if name == "default" else name


def _is_usual(path: Path) -> bool:
    pattern = _USUAL
    if re.fullmatch("annotations?", path.parent.name, re.IGNORECASE):
        pattern = r"instances.*\.json"
    return bool(re.fullmatch(pattern, path.name, re.IGNORECASE))


def _may_be_coco(path: Path) -> bool:
    """Whether a file begins as an object, and has one of the lists near either end."""
    with opened(path) as file:
        head = file.read(_ENDS)
        if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            return False
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _ENDS))
        return bool(_LIST.search(head) or _LIST.search(file.read(_ENDS)))


def _is_coco(data: Any) -> bool:
    return isinstance(data, dict) and data.keys() >= set(_KEYS)


def _has_objects(data: dict[str, Any]) -> bool:
    """Whether annotations are boxes or outlines; those of other tasks are classes or texts."""
    if not all(isinstance(data[key], list) for key in _KEYS):
        return False
    found = [one for one in data["annotations"] if isinstance(one, dict)]
    return not data["annotations"] or any("bbox" in one or "segmentation" in one for one in found)
