"""Find the picture that a table names, by its path or by its name alone."""

import os
from functools import cached_property
from pathlib import Path

from dada.datasets.parts import kind_of
from dada.datasets.tree import Tree
from dada.errors import listed


class Finder:
    """Finds pictures for the rows of a table.

    A path is taken as it is, from the table's folder if it is not absolute. If there is no such
    file, the end of a path, or a name without ending, stands for the one picture in or below the
    folder that fits; of several, for the one in a folder of the same part, such as ``train/``.

    Args:
        root: the table's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)

    def find(self, given: str, kind: str | None = None) -> tuple[str, str]:
        """Find one file.

        Args:
            given: a cell of the table.
            kind: the row's part of the data, as of `dada.datasets.parts.kind_of`.

        Returns:
            The file, and why there is none; one of the two is empty.
        """
        if not given or "\0" in given:
            return "", "no picture is named"
        named = given if os.sep == "\\" else given.replace("\\", "/")
        for name in dict.fromkeys((given, named)):
            file = os.path.normpath(os.path.join(self._root, os.path.expanduser(name)))
            if os.path.isfile(file):
                return file, ""
        found = [] if os.path.isabs(named) else self._ending(named)
        if len(found) > 1 and kind is not None:
            found = [file for file in found if kind_of(self._first(file)) == kind] or found
        if len(found) == 1:
            return found[0], ""
        if found:
            fitting = listed([os.path.relpath(file, self._root) for file in found])
            return "", f"{listed([given])} may be {fitting}"
        return "", f"there is no file {listed([given])}"

    @cached_property
    def _pictures(self) -> dict[str, list[str]]:
        """All pictures in and below the folder, by their names with and without ending."""
        tree = Tree(Path(self._root))
        pictures: dict[str, list[str]] = {}
        for file in (*tree.loose, *(file for files in tree.folders.values() for file in files)):
            whole = os.path.normpath(file)
            name = os.path.basename(whole)
            for key in (name, os.path.splitext(name)[0]):
                pictures.setdefault(key, []).append(whole)
        return pictures

    def _ending(self, given: str) -> list[str]:
        """The pictures whose paths end with this, with or without their own ending."""
        end = os.sep + os.path.normpath(given)
        found = self._pictures.get(os.path.basename(end), ())
        return [f for f in found if f.endswith(end) or os.path.splitext(f)[0].endswith(end)]

    def _first(self, file: str) -> str:
        """The folder below the table's that the file is in."""
        return os.path.relpath(file, self._root).split(os.sep)[0]
