"""What the reader of a format finds: annotated pictures, before any of them is opened."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Protocol

from dada.errors import UserError, printable


class Outline(NamedTuple):
    """An object's ``segmentation``, unchecked, and where it is.

    Attributes:
        shape: a list of polygons, each [x, y, x, y, …] in pixels, or ``{"size", "counts"}``.
        file: of the annotation.
        number: of the annotation.
    """

    shape: Any
    file: Path
    number: object

    def refuse(self, what: str) -> NoReturn:
        """Raise an error that names the file and the annotation."""
        raise UserError(f"{self.file}, annotation {self.number}: segmentation {what}")


class Box(NamedTuple):
    """An object: its corners, as its format has them, and the name of its class.

    Attributes:
        corners: (x0, y0, x1, y1), in pixels or relative to width and height (`Found.relative`).
        name: of the class.
        outline: of its pixels, where the format has it.
    """

    corners: tuple[float, float, float, float]
    name: str
    outline: Outline | None = None


@dataclass(frozen=True)
class Picture:
    """An image file and what is annotated in it.

    Attributes:
        file: its path.
        boxes: the objects; none is an answer, too.
        size: the height and width that the annotation is for; None if it does not say.
        mask: the path of the mask with the class of each pixel; None where boxes are annotated.
    """

    file: str
    boxes: tuple[Box, ...] = ()
    size: tuple[int, int] | None = None
    mask: str | None = None


@dataclass(frozen=True)
class Found:
    """A folder in one of the formats.

    Attributes:
        format: its name, for the note that says how the folder is read.
        parts: the pictures of each part, by the name that the folder gives it.
        classes: names in order; of masks, the name of each value.
        relative: whether boxes are relative to width and height, not in pixels.
        named: whether `classes` are the folder's own; otherwise masks name theirs by their values.
        notes: what was decided, one line each.
        sources: the files, or folders of files, with the annotations.
    """

    format: str
    parts: Mapping[str, Sequence[Picture]]
    classes: tuple[str, ...]
    relative: bool = False
    named: bool = True
    notes: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()


class Format(Protocol):
    """A reader: each is a module function ``find``."""

    def __call__(self, root: Path, /) -> Found | None:
        """What is in the folder; None if it has another format.

        Raises:
            UserError: the folder has this format, but an annotation is broken.
        """


@dataclass
class Tallies:
    """Counts of what was left out or changed, each with the first place where it happened.

    Attributes:
        root: the folder to which places are relative in notes.
    """

    root: object = ""
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, where: object) -> None:
        """Count one more; `what` reads as "boxes without area are left out"."""
        self.counts[what] += 1
        self.first.setdefault(what, str(where))

    def join(self, others: Iterable["Tallies"]) -> None:
        """Add the counts of others, which come later."""
        for other in others:
            self.counts += other.counts
            self.first = {**other.first, **self.first}

    def notes(self) -> tuple[str, ...]:
        """One line for each kind.

        Examples:
            >>> tallies = Tallies()
            >>> tallies.add("boxes without area are left out", "cat.xml:7")
            >>> tallies.notes()
            ('boxes without area are left out: 1, first in cat.xml:7',)
        """
        return tuple(
            f"{what}: {count:,}, first in "
            f"{printable(self.first[what].removeprefix(f'{self.root}{os.sep}'))}"
            for what, count in self.counts.items()
        )
