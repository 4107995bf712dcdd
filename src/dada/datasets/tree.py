"""Find the pictures of each class, by the same rule at every depth of its folder."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from dada.errors import listed

ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm"),
    *(".tif", ".tiff", ".webp", ".gif", ".avif", ".jp2"),
)
"""File extensions of pictures, in upper or lower case."""

_SYSTEM = {
    *("__macosx", "__pycache__", "@eadir", "@recycle", "#recycle", "$recycle.bin", "recycler"),
    *("system volume information", "lost+found", "#snapshot", "~snapshot", "@recently-snapshot"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
}

_CONTAINS, _COUNTED, _NOWHERE = (
    *("lead to a folder that contains them", "lead to what is counted already", "lead nowhere"),
)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name belongs to the system or to a tool."""
    return name.startswith(".") or name.lower() in _SYSTEM


def is_picture(name: str) -> bool:
    """Whether a file of this name is read as a picture."""
    return name.lower().endswith(ENDINGS) and not is_hidden(name)


@dataclass
class Tree:
    """The pictures below a folder, each counted once, grouped by the root's subfolders.

    Only regular files count, and never hidden or system entries. A link counts if it leads to
    something new, not to a folder that contains it or to anything that is in the tree already.

    Attributes:
        root: the folder.
        folders: the pictures of each visible subfolder, in torchvision's order; also of those
            without any.
        loose: pictures in the root itself.
        others: the extensions of each subfolder's files that are not pictures.
        hidden: hidden and system folders that contain pictures, and hidden pictures.
        links: links that are not followed, and why.
        special: pipes, sockets and devices.
        unreadable: folders that cannot be listed, and why.

    Examples:
        >>> from pathlib import Path
        >>> for name in ("cats/1.jpg", "cats/notes.txt", "cats/old/.2.jpg", "dogs/3.PNG"):
        ...     Path("pets", name).parent.mkdir(parents=True, exist_ok=True)
        ...     Path("pets", name).touch()
        >>> tree = Tree(Path("pets"))
        >>> tree.folders
        {'cats': ['pets/cats/1.jpg'], 'dogs': ['pets/dogs/3.PNG']}
        >>> tree.notes()
        ["hidden and system entries are skipped: 'cats/old/.2.jpg'"]
    """

    root: Path
    folders: dict[str, list[str]] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    others: dict[str, Counter[str]] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    special: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._real = os.path.realpath(self.root)
        self._seen = {self._real}  # resolved folders, and resolved files that links lead to
        self._links: list[tuple[str, str | None]] = []
        self._list(str(self.root), self._real, None)
        while self._links:  # last; following one may reveal more
            waiting, self._links = sorted(self._links, key=lambda link: link[0]), []
            for path, folder in waiting:
                self._follow(path, folder)
        self.loose.sort()
        self.folders = {n: sorted(self.folders[n], key=os.path.split) for n in sorted(self.folders)}

    @property
    def classes(self) -> tuple[str, ...]:
        """The subfolders that contain pictures."""
        return tuple(name for name, files in self.folders.items() if files)

    def direct(self, folder: str) -> bool:
        """Whether a subfolder contains pictures directly, not only in folders inside it."""
        return self.path(folder) in map(os.path.dirname, self.folders[folder])

    def inner(self, folder: str) -> set[str]:
        """The folders inside a subfolder that contain pictures."""
        own = self.path(folder)
        below = set(map(os.path.dirname, self.folders[folder])) - {own}
        return {path[len(own) + 1 :].partition(os.sep)[0] for path in below}

    def path(self, folder: str) -> str:
        """The path of a subfolder."""
        return os.path.join(str(self.root), folder)  # as scandir writes it, "./a" in "."

    def notes(self) -> list[str]:
        """What is skipped, one line for each reason."""
        kinds = [("hidden and system entries are skipped", self.hidden)]
        kinds += [("pipes, sockets and devices are skipped", self.special)]
        for why in (_CONTAINS, _COUNTED, _NOWHERE):
            kinds.append((f"links that {why} are not followed", _with(self.links, why)))
        for why in sorted(set(self.unreadable.values())):
            kinds.append((f"folders cannot be read ({why})", _with(self.unreadable, why)))
        return [f"{what}: {self._named(paths)}" for what, paths in kinds if paths]

    def _named(self, paths: list[str]) -> str:
        return listed([os.path.relpath(path, self.root) for path in sorted(paths)])

    def _list(self, path: str, real: str, folder: str | None) -> None:
        """Take the entries of a folder and of all folders below it.

        Args:
            path: the path used in results.
            real: the same with links resolved.
            folder: the subfolder of the root that it belongs to; None for the root itself.
        """
        waiting = [(path, real, folder)]
        while waiting:
            path, real, folder = waiting.pop()
            for entry in self._entries(path):
                below = os.path.join(real, entry.name)
                if is_hidden(entry.name):
                    self._hide(entry)
                elif _is_link(entry):
                    self._links.append((entry.path, folder))
                elif not entry.is_dir(follow_symlinks=False):
                    self._take(entry.path, folder, entry.is_file(follow_symlinks=False))
                elif below not in self._seen:
                    self._seen.add(below)
                    waiting.append((entry.path, below, self._folder(entry.path, folder)))

    def _folder(self, path: str, folder: str | None) -> str:
        name = folder or os.path.basename(path)
        self.folders.setdefault(name, [])
        return name

    def _entries(self, path: str) -> list["os.DirEntry[str]"]:
        try:
            with os.scandir(path) as entries:
                return list(entries)
        except OSError as error:
            if path == str(self.root):
                raise
            self.unreadable[path] = error.strerror or type(error).__name__
            return []

    def _take(self, path: str, folder: str | None, regular: bool) -> None:
        if not regular:
            self.special.append(path)
        elif is_picture(os.path.basename(path)):
            (self.loose if folder is None else self.folders[folder]).append(path)
        elif folder is not None:
            ending = os.path.splitext(path)[1].lower() or "none"
            self.others.setdefault(folder, Counter())[ending] += 1

    def _follow(self, path: str, folder: str | None) -> None:
        real = os.path.realpath(path)
        if not os.path.exists(real):
            self.links[path] = _NOWHERE
        elif (self._real + os.sep).startswith(real.rstrip(os.sep) + os.sep):
            self.links[path] = _CONTAINS
        elif real in self._seen or self._has(real):
            self.links[path] = _COUNTED
        else:
            self._seen.add(real)
            if os.path.isdir(real):
                self._list(path, real, self._folder(path, folder))
            else:
                self._take(path, folder, os.path.isfile(real))

    def _has(self, file: str) -> bool:
        """Whether a file, given with links resolved, has been seen already."""
        folder, name = os.path.split(file)
        return folder in self._seen and is_picture(name) and os.path.isfile(file)

    def _hide(self, entry: "os.DirEntry[str]") -> None:
        if not entry.is_dir(follow_symlinks=False):
            pictures = entry.name.lower().endswith(ENDINGS)
        else:
            pictures = any(
                name.lower().endswith(ENDINGS)
                for _, _, names in os.walk(entry.path)
                for name in names
            )
        if pictures:
            self.hidden.append(entry.path)


def _is_link(entry: "os.DirEntry[str]") -> bool:
    # Windows also has junctions, which Python 3.11 cannot detect.
    return entry.is_symlink() or (hasattr(entry, "is_junction") and entry.is_junction())


def _with(reasons: dict[str, str], why: str) -> list[str]:
    return [path for path, reason in reasons.items() if reason == why]
