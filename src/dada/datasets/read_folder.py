"""Read an image folder into memory: list and split it, then decode all or a choice of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from dada.datasets.decode import Progress, Samples, decode, shorter_sides
from dada.datasets.files import FileDataset, ImageFiles, folder_files
from dada.datasets.folder import list_folder
from dada.datasets.imageset import Dataset, imbalance
from dada.datasets.pixels import choose_side
from dada.errors import UserError, listed


@dataclass(frozen=True)
class Chosen:
    """The part of a folder to decode.

    Attributes:
        rows: indices of training images, in the order wanted.
        test: whether to decode the test images too.
    """

    rows: np.ndarray
    test: bool = True


Choose = Callable[[FileDataset], Chosen]


def read_folder(
    path: Path,
    name: str,
    side: int | None = None,
    progress: Progress | None = None,
    choose: Choose | None = None,
) -> Dataset:
    """Read an image folder, as `dada.datasets.folder.list_folder` finds it.

    The test set is split off by the files alone, so no choice and no unreadable file moves an image
    from one side to the other. `dada.datasets.pixels` defines how pictures are converted.

    Args:
        path: the folder.
        name: of the data.
        side: of the images, in pixels; None chooses by the median shorter side.
        progress: called after each file.
        choose: which training images to decode; None, or a choice of all, decodes everything.

    Raises:
        UserError: as in `list_folder` and `folder_files`; or a class has no readable image, too
            many files are unreadable, or the images do not fit in memory.
    """
    listing = list_folder(path)
    files = folder_files(name, listing)
    side, note = _side(listing.train.files, side)
    train, test, notes, whole = files.train, files.test, (*files.notes, note), None
    chosen = choose(files) if choose else None
    if chosen is not None and len(chosen.rows) < len(train):
        train, whole = train.subset(chosen.rows), files
        test = test if chosen.test else test.subset([])
    found = decode(path, _samples(train), _samples(test), side, progress=progress)
    _check_readable(path, files, train, found.train.labels.unique().tolist())
    if len(test) and not len(found.test):
        raise UserError(f"{path}: none of the test images can be read: repair or remove them")
    notes = (*notes, *found.notes, *imbalance(files.train.labels, files.classes))
    return Dataset(
        name,
        found.train,
        found.test,
        files.classes,
        skipped=found.skipped,
        notes=notes,
        files=whole,
    )


def _samples(files: ImageFiles) -> Samples:
    return Samples(files.files, tuple(files.labels.tolist()))


def _check_readable(path: Path, files: FileDataset, train: ImageFiles, found: list[int]) -> None:
    missing = sorted(set(train.labels.tolist()) - set(found))
    if missing:
        raise UserError(
            f"{path}: no file of class {listed([files.classes[label] for label in missing])} can "
            "be read: repair the files, or remove the class folder"
        )


def _side(files: tuple[str, ...], side: int | None) -> tuple[int, str]:
    """Return the side to use and the note about it."""
    if side is not None:
        return side, f"images resized and cropped to {side}x{side}"
    sides = shorter_sides(files)
    chosen = choose_side(sides)
    middle = f" (median shorter side {median(sides):g})" if sides else ""
    return chosen, f"images resized and cropped to {chosen}x{chosen}{middle}; --side changes it"
