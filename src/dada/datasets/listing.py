"""What a reader of files finds, before any of them is opened."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from dada.datasets.decode import Samples
from dada.errors import UserError, listed


@dataclass(frozen=True)
class Listing:
    """Labelled image files, and notes on what was decided about them.

    Attributes:
        root: the folder that they are in.
        train, test, validation: the files of each part; None if there is no such part.
        classes: the name of each label.
        notes: one line each.
        size: height and width that all pictures are resized to, whatever their shape, as their
            labels are; None leaves it open, and pictures are cropped to a square.
        tested: whether only test images count. There may be no training part: then `train` is
            `test`.
    """

    root: Path
    train: Samples
    test: Samples | None
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    validation: Samples | None = None
    size: tuple[int, int] | None = None
    tested: bool = False

    @property
    def count(self) -> int:
        """Training and test images."""
        others = () if self.test is None or self.test is self.train else self.test.files
        return len(self.train.files) + len(others)


def check_known(where: object, part: str, found: Collection[str], classes: Sequence[str]) -> None:
    """Check that another part of the data has no class that the training images lack.

    Raises:
        UserError: it has; the message names them.
    """
    if unknown := sorted(set(found) - set(classes)):
        raise UserError(
            f"{where}: {part} classes {listed(unknown)} are missing from the training classes "
            f"({listed(classes)}): rename or remove them{_alike(unknown, classes)}"
        )


def _alike(unknown: Sequence[str], classes: Sequence[str]) -> str:
    """A hint if a class differs from one of the training classes in capitals or signs only."""
    plain = {re.sub(r"[\W_]", "", name.casefold()): name for name in classes}
    for name in unknown:
        if same := plain.get(re.sub(r"[\W_]", "", name.casefold())):
            return f" ({listed([name])} may be {listed([same])})"
    return ""
