"""Folders by their usual names, and files that annotations name: never outside the folder."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from dada.datasets.annotated.found import Picture
from dada.datasets.parts import kind_of
from dada.datasets.tree import is_hidden, is_picture
from dada.errors import UserError

AnyPicture = TypeVar("AnyPicture", bound=Picture)

IMAGES = ("images", "jpegimages", "imgs", "image", "img", "data", "photos", "pictures")
"""What a folder of pictures is called beside one of annotations, in order of preference."""

_ANNOTATIONS = re.compile(r"(?i)annotat.*|(labels?|xmls?|json|bbox(es)?|ground[-_ ]?truth|gt)")


def folder(root: Path, *names: str) -> Path | None:
    """The first of these folders that there is, in upper or lower case."""
    there = {path.name.lower(): path for path in folders(root)}
    return next((there[name] for name in names if name in there), None)


def folders(root: Path) -> list[Path]:
    """The visible folders in a folder, sorted."""
    return [path for path in _entries(root) if path.is_dir()]


def annotation_folders(root: Path) -> list[Path]:
    """The folders in a folder that are called like annotations, each followed by those in it."""
    named = filter(is_for_annotations, folders(root))
    return [place for outer in named for place in (outer, *folders(outer))]


def is_for_annotations(place: Path) -> bool:
    """Whether a folder is called like annotations."""
    return bool(_ANNOTATIONS.fullmatch(place.name))


def part_folders(root: Path) -> dict[str, list[Path]]:
    """Folders of pictures that are called like parts, by name: ``train``, ``images/train``, and
    ``train/images``."""
    images = folder(root, *IMAGES)
    found: dict[str, list[Path]] = {}
    for place in (inner for outer in (root, images) if outer for inner in folders(outer)):
        if kind_of(place.name):
            deeper = folder(place, *IMAGES)
            found.setdefault(place.name, []).extend([place, *([deeper] if deeper else [])])
    return found


def by_folder(root: Path, pictures: Sequence[AnyPicture]) -> dict[str, list[AnyPicture]]:
    """Pictures by the part that their folder is called after; empty unless all have one."""
    parts = {str(place): name for name, places in part_folders(root).items() for place in places}
    found: dict[str, list[AnyPicture]] = {}
    for picture in pictures:
        above = next((p for p in map(str, Path(picture.file).parents) if p in parts), None)
        if above is None:
            return {}
        found.setdefault(parts[above], []).append(picture)
    return found


def files(root: Path, pattern: str) -> list[Path]:
    """The visible files in a folder whose whole names match, in upper or lower case, sorted."""
    fits = re.compile(pattern, re.IGNORECASE).fullmatch
    return [path for path in _entries(root) if fits(path.name) and path.is_file()]


def pictures(root: Path) -> dict[str, str]:
    """The pictures in and below a folder, by their paths inside it without ending.

    Examples:
        >>> from pathlib import Path
        >>> for name in ("in/cat.jpg", "in/cats/tom.PNG", "in/notes.txt"):
        ...     Path(name).parent.mkdir(parents=True, exist_ok=True)
        ...     Path(name).touch()
        >>> pictures(Path("in"))
        {'cat': 'in/cat.jpg', 'cats/tom': 'in/cats/tom.PNG'}
    """
    found: dict[str, str] = {}
    for path, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not is_hidden(name))
        for name in sorted(filter(is_picture, names)):
            file = os.path.join(path, name)
            found.setdefault(stem(os.path.relpath(file, root)), file)
    return found


def stem(name: str) -> str:
    """A relative path without its ending, with forward slashes."""
    return os.path.splitext(name.replace(os.sep, "/"))[0]


def inside(places: Iterable[Path], name: str, where: object) -> str | None:
    """The file of this name in one of the folders; None if it is in none.

    Args:
        places: folders to look in.
        name: as an annotation gives it.
        where: the annotation, for the message.

    Raises:
        UserError: the name leads out of the folder.

    Examples:
        >>> from pathlib import Path
        >>> inside([Path("in")], "../secret.jpg", "cats.json, image 7")
        Traceback (most recent call last):
        dada.errors.UserError: cats.json, image 7: '../secret.jpg' leads out of the folder: ...
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name) or "\0" in name:
        raise UserError(f"{where}: {name!r} leads out of the folder: a name inside it is needed")
    for place in places:
        file = os.path.join(place, path)
        if path.parts and os.path.isfile(file):
            return file
    return None


def _entries(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if not is_hidden(path.name))
