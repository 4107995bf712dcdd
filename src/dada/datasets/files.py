"""Datasets too large for memory: images are read from their files on demand."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2.functional import pil_to_tensor

from dada.datasets.copies import copies_across
from dada.datasets.decode import Samples, file_threads, reason, sampled_bits
from dada.datasets.imagenet import list_imagenet
from dada.datasets.imageset import check_labels, make_printable, size_in_words
from dada.datasets.jpeg import read_jpeg
from dada.datasets.listing import Listing
from dada.datasets.picture import quiet, read_picture
from dada.datasets.pixels import bits_in_words, to_eight_bits
from dada.datasets.splits import split_off_test_set
from dada.errors import UserError, brief, some
from dada.files import opened
from dada.tasks import TARGETS, Task, task_of
from dada.tasks.packed import PackedMaps
from dada.tasks.task import AllLabels

_BEGINNING = 2048  # bytes, enough to tell apart nearly all files of equal size


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Labelled image files of any size.

    Attributes:
        files: N paths.
        labels: as the task has them, N of them (`dada.tasks`).
        channels: pictures are converted to 3 (RGB) or 1 (grey).
        bits: how many bits 16-bit grey uses, see `dada.datasets.pixels.to_eight_bits`.

    Raises:
        UserError: the labels have another type or shape, or the counts differ.
    """

    files: tuple[str, ...]
    labels: AllLabels
    channels: int = 3
    bits: int = 16

    def __post_init__(self) -> None:
        if self.labels.dtype != task_of(self.labels).dtype:
            kind = f"{self.labels.dtype} {tuple(self.labels.shape)}".removeprefix("torch.")
            raise UserError(f"labels are {kind}: must be {TARGETS}")
        if len(self.labels) != len(self.files):
            raise UserError(
                f"{len(self.files)} files but {len(self.labels)} labels: the counts must match"
            )
        if self.channels not in (1, 3):
            raise UserError(f"{self.channels} channels: must be 1 or 3")

    def __len__(self) -> int:
        return len(self.files)

    @property
    def task(self) -> Task:
        """What the labels are for."""
        return task_of(self.labels)

    def __repr__(self) -> str:
        return f"ImageFiles({len(self):,} files: {some(self.files, 2)})"

    def subset(self, indices: Sequence[int] | np.ndarray | Tensor) -> Self:
        """Return the files at ``indices`` (or where a mask is true), in that order.

        Labels are a copy, unless they are all there are, as they are: that is the set itself.
        """
        chosen = torch.as_tensor(indices)
        chosen = chosen.nonzero()[:, 0] if chosen.dtype == torch.bool else chosen.long()
        if torch.equal(chosen, torch.arange(len(self))):
            return self
        files = tuple(self.files[index] for index in chosen.tolist())
        return replace(self, files=files, labels=self.labels.index_select(0, chosen))

    def contents(self) -> list[object]:
        """N keys, equal if two files are: made of their sizes, and of their bytes if those agree.

        A file that cannot be read is equal to no other.
        """
        return _contents(self.files)

    def contents_beside(self, others: "ImageFiles") -> tuple[list[object], list[object]]:
        """The contents of these files and of others, comparable with each other."""
        both = _contents(self.files + others.files)
        return both[: len(self)], both[len(self) :]

    def marks(self) -> Iterator[str]:
        """For each file, text that changes with its name, size or label."""
        for name, label in zip(self.files, _marks(self.labels), strict=True):
            path = Path(name)
            yield f"{path.parent.name}/{path.name} {path.stat().st_size} {label}"

    def read(self, index: int) -> Image.Image:
        """Decode one file: upright, ``L`` or ``RGB`` according to ``channels``, in full size.

        Raises:
            UserError: the file cannot be read.
        """
        file = self.files[index]
        try:
            with quiet(), read_picture(file) as (picture, _):
                eight = to_eight_bits(picture, self.bits)
                return eight.convert("L" if self.channels == 1 else "RGB")
        except MemoryError:
            raise
        except Exception as error:  # for a broken file Pillow may raise nearly anything
            raise UserError(
                f"{file}: cannot be read ({reason(file, error)}): repair or remove it"
            ) from error

    def pixels(self, index: int) -> Tensor:
        """The same as uint8 (C, H, W), an ordinary JPEG in little more than half the time.

        Raises:
            UserError: the file cannot be read.
        """
        pixels = read_jpeg(self.files[index]) if self.channels == 3 else None
        return pil_to_tensor(self.read(index)) if pixels is None else pixels


def _contents(files: Sequence[str]) -> list[object]:
    """See `ImageFiles.contents`."""
    keys: list[object] = [None] * len(files)
    alike = list(range(len(files)))
    with file_threads() as threads:
        for part in (_size, _beginning, _whole):
            found = threads.map(part, (files[index] for index in alike))
            for index, value in zip(alike, found, strict=True):
                keys[index] = (keys[index], index if value is None else value)
            counts = Counter(keys[index] for index in alike)
            alike = [index for index in alike if counts[keys[index]] > 1]
    return keys


def _marks(labels: AllLabels) -> Iterable[object]:
    """For each label, what changes with it."""
    if isinstance(labels, PackedMaps):
        return labels.checksums()
    return map(_digest, labels) if labels.ndim > 2 else labels.tolist()


def _digest(label: Tensor) -> str:
    return hashlib.blake2b(label.numpy().tobytes(), digest_size=16).hexdigest()


def _size(file: str) -> int | None:
    try:
        return os.path.getsize(file)
    except OSError:  # unreadable files are reported when they are decoded
        return None


def _beginning(file: str) -> bytes | None:
    try:
        with opened(file) as source:
            return hashlib.blake2b(source.read(_BEGINNING), digest_size=16).digest()
    except (OSError, UserError):
        return None


def _whole(file: str) -> bytes | None:
    try:
        with opened(file) as source:
            return hashlib.file_digest(source, "blake2b").digest()
    except (OSError, UserError):
        return None


@dataclass(frozen=True, eq=False)
class FileDataset:
    """A training and a test set with the same classes, in files: a ``Dataset`` not in memory.

    Attributes:
        name: used in messages and reports.
        train: files to search and train on.
        test: files to measure on.
        classes: the name of each label.
        flip: whether a horizontal flip is a natural augmentation.
        side: height and width that images are resized to, in pixels.
        skipped: always empty: unreadable files are only found when they are read.
        notes: decisions made while reading, one line each, for the user.
        validation: files of the user's own validation set; None if there is none.

    Raises:
        UserError: the sets differ in channels, or a label has no class.
    """

    name: str
    train: ImageFiles
    test: ImageFiles
    classes: tuple[str, ...]
    flip: bool = True
    side: tuple[int, int] = (224, 224)
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    validation: ImageFiles | None = None

    def __post_init__(self) -> None:
        make_printable(self)
        check_labels(self.name, "training", self.train.labels, len(self.classes))
        for part, files in (("test", self.test), ("validation", self.validation)):
            if files is None:
                continue
            if self.train.channels != files.channels:
                raise UserError(
                    f"{self.name}: training images have {self.train.channels} channels but {part} "
                    f"images {files.channels}: must be the same"
                )
            check_labels(self.name, part, files.labels, len(self.classes))

    def __repr__(self) -> str:
        size = size_in_words(self.channels, *self.side)
        judges = "" if self.validation is None else f"{len(self.validation):,} validation files, "
        return (
            f"FileDataset({brief(self.name)}: {len(self.train):,} training files, "
            f"{len(self.test):,} test files, {judges}{size}, {len(self.classes):,} classes: "
            f"{some(self.classes)})"
        )

    @property
    def task(self) -> Task:
        """What the labels are for."""
        return task_of(self.train.labels)

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for RGB."""
        return self.train.channels

    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """As `Dataset.statistics`, from at most 500 evenly spaced training images.

        Raises:
            UserError: one of them cannot be read.
        """
        chosen = np.linspace(0, len(self.train) - 1, min(500, len(self.train))).astype(int)
        sums = np.zeros((2, self.channels))
        for index in chosen.tolist():
            pixels = np.asarray(self.train.read(index), np.float64).reshape(-1, self.channels) / 255
            sums += pixels.mean(0), np.square(pixels).mean(0)
        mean, square = sums / len(chosen)
        std = np.sqrt(np.maximum(square - mean**2, 1 / 255**2))
        return tuple(mean.tolist()), tuple(std.tolist())


def imagenet_files(root: Path) -> FileDataset:
    """All 1,000 classes of ImageNet, as `dada.datasets.imagenet.list_imagenet` finds them."""
    listing = list_imagenet(root)
    assert listing.test is not None
    note = (
        f"imagenet: all {len(listing.train.files)} training images; the test images are the "
        f"{len(listing.test.files)} validation images"
    )
    train, test = _files(listing.train), _files(listing.test)
    return FileDataset("imagenet", train, test, listing.classes, notes=(note, *listing.notes))


def folder_files(name: str, listing: Listing) -> FileDataset:
    """The files of a folder or table (`split_files`)."""
    train = _files(listing.train)
    test = None if listing.test is None else _files(listing.test)
    return split_files(
        name,
        train,
        train if listing.test is listing.train else test,
        None if listing.validation is None else _files(listing.validation),
        classes=listing.classes,
        notes=listing.notes,
        tested=listing.tested,
    )


def split_files(
    name: str,
    train: ImageFiles,
    test: ImageFiles | None,
    validation: ImageFiles | None,
    *,
    classes: tuple[str, ...],
    notes: tuple[str, ...],
    tested: bool = False,
) -> FileDataset:
    """A dataset of these files; if it has no test set, 20 % of every class are held out.

    The split is made before anything is decoded, so it depends neither on which files are used nor
    on which can be read.

    Args:
        name: of the data.
        train, test, validation: the files of each part; the test files are held out if None.
        classes: the name of each label.
        notes: one line each.
        tested: whether only test images count: all are, if those held out would be too few. Then,
            and where `train` is `test`, the dataset's training files are its test files.

    Raises:
        UserError: there are too few images to hold out a test set.
    """
    if test is train:
        said: tuple[str, ...] = ()
    elif test is not None:
        said = copies_across(*train.contents_beside(test))
    else:
        everything = train
        try:
            train, test, said = split_off_test_set(name, everything, classes)
            if tested:
                test.task.check_test(test.labels, name)
        except UserError:
            if not tested:
                raise
            train = test = everything
            said = (
                f"no test images found, and too few to hold out some: all {len(test):,} images are "
                "tested",
            )
    if validation is not None:
        said += copies_across(*train.contents_beside(validation), "validation")
    return FileDataset(name, train, test, classes, notes=(*notes, *said), validation=validation)


def with_bits(dataset: FileDataset) -> FileDataset:
    """The same files, with 16-bit grey scaled by the bits that a sample of them uses."""
    bits = sampled_bits(dataset.train.files)
    if bits is None:
        return dataset
    note = f"{bits_in_words(bits)}, judged by a sample; higher values become white"
    return replace(
        dataset,
        train=replace(dataset.train, bits=bits),
        test=replace(dataset.test, bits=bits),
        validation=dataset.validation and replace(dataset.validation, bits=bits),
        notes=(*dataset.notes, note),
    )


def _files(samples: Samples) -> ImageFiles:
    return ImageFiles(samples.files, samples.targets())
