"""Files and folders that look like annotations and are not read: nobody shall think they were."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from dada.datasets.annotated.places import files, folders, is_for_annotations
from dada.datasets.parts import kind_of
from dada.errors import listed

_FILES = (
    r".*\.(jsonl?|ndjson|xml|txt|csv|tsv|parquet|ya?ml|mat|pkl|np[yz]|h5|hdf5|(tf)?record(-.*)?)"
)
_MASKS = re.compile(r"(?i)masks?|segmentations?|segmentationobject|labelmaps|panoptic.*|trimaps?")
_ABOUT = re.compile(  # the set as a whole, or the names of classes
    r"(?i)(readme|licen[cs]e|copying|notice|citation|changelog|requirements|class|names?\.|obj\.|"
    r"labelmap\.|labels\.txt|darknet|data\.ya?ml|dataset\.ya?ml).*"
)


def unread(root: Path, read: Collection[Path] | None = None) -> tuple[str, ...]:
    """A note on what looks like annotations in a folder, or in those of its parts, and is not read.

    Args:
        root: the folder.
        read: the files, and the folders of files, that are read; None if only files are looked for,
            none of which is.

    Examples:
        >>> from pathlib import Path
        >>> for name in ("pets/boxes.csv", "pets/labels/tom.txt", "pets/README.txt"):
        ...     Path(name).parent.mkdir(parents=True, exist_ok=True)
        ...     Path(name).touch()
        >>> unread(Path("pets"), [])
        ("not read, though they may be annotations: 'boxes.csv', 'labels/'",)
        >>> unread(Path("pets"), [Path("pets/boxes.csv"), Path("pets/labels/tom.txt")])
        ()
    """
    known = set(read or ())
    above = {parent for path in known for parent in path.parents}
    left: list[Path] = []
    for place in (root, *(inner for inner in folders(root) if kind_of(inner.name))):
        left += _files(place, known)
        if read is not None:
            left += _folders(place, known, above, inside=False)
    names = [f"{os.path.relpath(p, root)}{os.sep if p.is_dir() else ''}" for p in left]
    what = "it may be annotations" if len(names) == 1 else "they may be annotations"
    return (f"not read, though {what}: {listed(names)}",) if names else ()


def _files(place: Path, known: set[Path]) -> list[Path]:
    found = files(place, _FILES)
    return [path for path in found if path not in known and not _ABOUT.fullmatch(path.name)]


def _folders(place: Path, known: set[Path], above: set[Path], inside: bool) -> Iterator[Path]:
    """Folders of annotations of which nothing is read, and what is left in the others."""
    for inner in folders(place):
        may = inside or is_for_annotations(inner) or bool(_MASKS.fullmatch(inner.name))
        if inner in known or not may:
            continue
        if inner in above:
            yield from _files(inner, known)
            yield from _folders(inner, known, above, inside=True)
        else:
            yield inner
