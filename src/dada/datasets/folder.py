"""A folder of class folders, or of ``train/`` and ``test/`` folders of them."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS, make_dataset

from dada.datasets.decode import Progress, Samples, decode, shorter_sides
from dada.datasets.imageset import Parts
from dada.datasets.pixels import choose_side
from dada.errors import UserError

_TRAIN = ("train", "training")
_TEST = ("test", "testing", "val", "valid", "validation")  # the first one found is used


@dataclass(frozen=True)
class Listing:
    """The image files of a folder; what was decided about them, a note each."""

    train: Samples
    test: Samples | None
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def list_folder(path: Path) -> Listing:
    """List an image folder as `read_folder` describes it; no file is opened.

    Raises:
        UserError: no images, no class folders, one class only, or test classes that are not
            training classes.
    """
    train_path, test_path, notes = _layout(path)
    classes, train = _samples(train_path)
    _check_classes(path, train_path, classes)
    test = None if test_path is None else _test_samples(test_path, classes)
    notes += _empty_folders(train_path, classes) + _other_files(train_path, classes)
    return Listing(train, test, classes, tuple(notes))


def read_folder(path: Path, side: int | None = None, progress: Progress | None = None) -> Parts:
    """Read an image folder.

    Either class folders directly, or ``train/`` with, optionally, ``test/`` or ``val/`` beside
    it (also ``training``, ``testing``, ``valid``, ``validation``; in any case of letters).
    Class folders may have folders inside. Files with the endings that torchvision knows count;
    hidden ones do not. See `dada.datasets.pixels` for how pictures are converted.

    Args:
        path: the folder.
        side: of the images, in pixels; None chooses by the median shorter side.
        progress: called after each file.

    Raises:
        UserError: no images, no class folders, one class only, test classes that are not
            training classes, a class without a readable image, or too many unreadable files.
    """
    listing = list_folder(path)
    chosen, note = _side(listing.train.files, side)
    found = decode(path, listing.train, listing.test, chosen, progress=progress)
    counts = np.bincount(found.train.labels.numpy(), minlength=len(listing.classes))
    if empty := [name for name, count in zip(listing.classes, counts, strict=True) if not count]:
        raise UserError(
            f"{path}: no file of class {_listed(empty)} can be read: repair the files, or remove "
            "the class folder"
        )
    if found.test is not None and not len(found.test):
        raise UserError(f"{path}: none of the test images can be read: repair or remove them")
    return Parts(
        found.train,
        found.test,
        listing.classes,
        skipped=found.skipped,
        notes=(*listing.notes, note, *found.notes),
    )


def _layout(path: Path) -> tuple[Path, Path | None, list[str]]:
    """Find the training and the test folder, and say which of several was taken."""
    folders = {name.lower(): path / name for name in _subfolders(path)}
    train = next((folders[name] for name in _TRAIN if _has_classes(folders.get(name))), None)
    if train is None:
        return path, None, []
    tests, notes = [], []
    for folder in (folders[name] for name in _TEST if name in folders):
        if not _has_classes(folder):
            notes.append(f"{folder.name}/ is not used: it has no class folders with images")
            continue
        tests.append(folder)
        use = "is the test set" if len(tests) == 1 else f"is not used beside {tests[0].name}/"
        notes.append(f"{folder.name}/ {use}")
    return train, tests[0] if tests else None, notes


def _subfolders(path: Path) -> list[str]:
    return sorted(
        entry.name
        for entry in os.scandir(path)
        if entry.is_dir() and not entry.name.startswith((".", "__MACOSX"))
    )


def _is_image(file: str) -> bool:
    return file.lower().endswith(IMG_EXTENSIONS) and not os.path.basename(file).startswith(".")


def _has_classes(path: Path | None) -> bool:
    """Whether a folder is a split: it has folders with images, not images directly."""
    return path is not None and bool(_samples(path)[0])


def _samples(path: Path) -> tuple[tuple[str, ...], Samples]:
    """List the folders in ``path`` that hold images, and the images labelled by them."""
    folders = _subfolders(path)
    if not folders:
        return (), Samples((), ())
    index = {name: i for i, name in enumerate(folders)}
    found = make_dataset(path, index, is_valid_file=_is_image, allow_empty=True)
    present = sorted({folder for _, folder in found})
    label = {folder: i for i, folder in enumerate(present)}
    samples = Samples(tuple(file for file, _ in found), tuple(label[folder] for _, folder in found))
    return tuple(folders[folder] for folder in present), samples


def _test_samples(test_path: Path, classes: tuple[str, ...]) -> Samples:
    """List the test files, labelled as the training classes are."""
    folders, test = _samples(test_path)
    if unknown := sorted(set(folders) - set(classes)):
        raise UserError(
            f"{test_path}: test classes {_listed(unknown)} are not among the training classes "
            f"({_listed(classes)}): must be"
        )
    label = {name: i for i, name in enumerate(classes)}
    return Samples(test.files, tuple(label[folders[folder]] for folder in test.labels))


def _check_classes(path: Path, train_path: Path, classes: tuple[str, ...]) -> None:
    if len(classes) > 1:
        return
    if classes:
        raise UserError(
            f"{train_path}: one class only ('{classes[0]}'): at least two class folders are "
            f"needed; if they lie inside it, give {train_path / classes[0]}"
        )
    if any(_is_image(name) for name in os.listdir(path)):
        raise UserError(
            f"{path}: images but no class folders: put the images of each class into a folder "
            "of its own"
        )
    raise UserError(
        f"{path}: no images: must hold a folder of images for each class, or train/ and test/ "
        f"with such folders ({', '.join(IMG_EXTENSIONS)})"
    )


def _empty_folders(path: Path, classes: tuple[str, ...]) -> list[str]:
    empty = [name for name in _subfolders(path) if name not in classes]
    return [f"no images in folder {_listed(empty)}: not a class"] if empty else []


def _other_files(path: Path, classes: tuple[str, ...]) -> list[str]:
    """A note on what lies among the images and has another ending, such as a camera's ``.heic``."""
    names = (name for label in classes for _, _, files in os.walk(path / label) for name in files)
    others = [name for name in names if not _is_image(name) and not name.startswith(".")]
    if not others:
        return []
    endings = Counter(os.path.splitext(name)[1].lower() or "none" for name in others)
    found = ", ".join(f"{ending} {count}" for ending, count in endings.most_common(5))
    count = "1 file is" if len(others) == 1 else f"{len(others)} files are"
    return [f"{count} left out, of other endings than images have ({found})"]


def _side(files: tuple[str, ...], side: int | None) -> tuple[int, str]:
    """Return the side to use and the note about it."""
    if side is not None:
        return side, f"images resized and cropped to {side}x{side}"
    sides = shorter_sides(files)
    chosen = choose_side(sides)
    middle = f" (median shorter side {median(sides):g})" if sides else ""
    return chosen, f"images resized and cropped to {chosen}x{chosen}{middle}; --side changes it"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f"'{name}'" for name in names[:5]) + more
