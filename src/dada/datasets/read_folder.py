"""Read image files into memory: split them, then decode all or a choice of them."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from torch import Tensor

from dada.datasets.choose import Choose, choose_from
from dada.datasets.decode import Progress, Samples, decode, shorter_sides
from dada.datasets.files import ImageFiles, folder_files
from dada.datasets.imageset import Dataset, imbalance
from dada.datasets.listing import Listing
from dada.datasets.pixels import choose_side
from dada.errors import UserError, listed, option
from dada.tasks import task_of
from dada.tasks.task import AllLabels


def read_folder(
    listing: Listing,
    name: str,
    side: int | None = None,
    progress: Progress | None = None,
    choose: Choose | None = None,
) -> Dataset:
    """Read the files of a folder or table, as `dada.datasets.folder` or `.list_table` lists them.

    The test set is split off by the files alone, so no choice and no unreadable file moves an image
    from one side to the other. `dada.datasets.pixels` defines how pictures are converted.

    Args:
        listing: the files.
        name: of the data.
        side: of the images, in pixels; None chooses by the median shorter side. The size that a
            listing has is kept.
        progress: called after each file.
        choose: which images to decode; None, or a choice of all, decodes everything.

    Raises:
        UserError: as in `folder_files`; or a class has no readable image, too
            many files are unreadable, or the images do not fit in memory.
    """
    path, files = listing.root, folder_files(name, listing)
    size, said = (listing.size, ()) if listing.size else _side(listing.train.files, side)
    files, used = choose_from(files, choose)
    same = used.test is used.train  # where only test images count
    found = decode(
        path,
        _samples(used.train),
        None if same else _samples(used.test),
        size,
        validation=_samples(used.validation),
        progress=progress,
    )
    _check_readable(path, files.classes, used.train.labels, found.train.labels)
    test, first = (found.train, 0) if same else (found.test, len(found.train))
    for what, there, images in (
        ("test", used.test, test),
        ("validation", used.validation, found.validation),
    ):
        if there and not len(images):
            raise UserError(f"{path}: none of the {what} images can be read: repair or remove them")
    return Dataset(
        name,
        found.train,
        test,
        files.classes,
        skipped=found.skipped,
        notes=(*files.notes, *said, *found.notes, *imbalance(files.train.labels, files.classes)),
        files=None if used.is_whole else files,
        validation=found.validation if used.validation else None,
        test_files=found.files[first : first + len(test)],
    )


def _samples(files: ImageFiles | None) -> Samples:
    if files is None:
        return Samples((), ())
    return Samples(files.files, files.labels)


def _check_readable(path: Path, classes: Sequence[str], chosen: AllLabels, found: Tensor) -> None:
    """Raise UserError if no file of a class could be read."""
    there, read = (task_of(labels).strata(labels) for labels in (chosen, found))
    if there is None or read is None:
        return
    if missing := sorted(set(there.tolist()) - set(read.tolist())):
        raise UserError(
            f"{path}: no file of class {listed([classes[label] for label in missing])} can "
            "be read: repair the files, or remove the class"
        )


def _side(files: tuple[str, ...], side: int | None) -> tuple[int, tuple[str, ...]]:
    """Return the side to use and the note about it."""
    if side is not None:
        return side, (f"images resized and cropped to {side}x{side}",)
    sides = shorter_sides(files)
    chosen = choose_side(sides)
    middle = f" (median shorter side {median(sides):g})" if sides else ""
    size = f"{chosen}x{chosen}{middle}"
    return chosen, (f"images resized and cropped to {size}; {option('side')} changes it",)
