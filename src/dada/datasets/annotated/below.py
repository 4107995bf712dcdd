"""Boxes or masks inside folders that would be read as classes: a note, or an error."""

from pathlib import Path

from dada.datasets.annotated.find import find_annotated
from dada.datasets.annotated.places import folders
from dada.datasets.tree import Tree
from dada.errors import UserError, listed

_ENDINGS = {".xml", ".json", ".txt"}
_MOST = 20  # folders that are looked into
_DEEPEST = 3  # folders in folders, as in bccd/bccd/BCCD


def annotated_below(tree: Tree) -> tuple[str, ...]:
    """Say that boxes or masks inside class folders are not read, and which folder to give instead.

    Only folders with files that may be annotations are looked into, and of many only some.

    Args:
        tree: the folders that are classes otherwise.

    Returns:
        A note, if every class has annotations of its own, or those that have some have them beside
        their images: they may be classes.

    Raises:
        UserError: annotated images are further inside some of the folders, or in the only one: so
            the folders are no classes.
    """
    may = [name for name in tree.folders if _ENDINGS & set(tree.others.get(name, ()))]
    found = {name: places for name in may[:_MOST] if (places := _annotated(Path(tree.path(name))))}
    if not found:
        return ()
    names = [str(place) for inner in found.values() for place in inner]
    give = f"give {names[0]}" if len(names) == 1 else f"give one of {listed(names)}"
    every = set(tree.classes) <= {*found, *may[_MOST:]}
    if len(tree.classes) > 1 and (every or all(map(tree.direct, found))):
        return (f"boxes or masks inside the class folders are not read: to use them, {give}",)
    raise UserError(
        f"{tree.root}: boxes or masks are annotated inside {listed(list(found))}, and not in class "
        f"folders: {give}"
    )


def _annotated(place: Path, depth: int = _DEEPEST) -> list[Path]:
    """The folders with annotations in and below a folder, the outermost of each."""
    try:
        if find_annotated(place) is not None:
            return [place]
    except UserError:  # annotated, but broken: the message comes when it is given
        return [place]
    except OSError:
        return []
    inner = folders(place) if depth > 1 else []
    return [found for folder in inner for found in _annotated(folder, depth - 1)]
