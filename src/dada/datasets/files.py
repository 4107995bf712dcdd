"""Images that stay in their files until they are asked for: sets that do not fit in memory."""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dada.datasets.decode import Samples, reason, sampled_bits
from dada.datasets.folder import list_folder
from dada.datasets.imagenet import list_imagenet
from dada.datasets.imageset import Dataset, check_labels, make_printable
from dada.datasets.load import imagenet_folder, load, path_name
from dada.datasets.named import NAMES
from dada.datasets.picture import quiet, read_picture
from dada.datasets.pixels import bits_in_words, check_side, to_eight_bits
from dada.datasets.splits import split_off_test_set
from dada.errors import UserError
from dada.files import opened

_MEMORY = 2**31  # bytes of images; a network and its activations want the rest


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Labelled image files, of any sizes.

    Attributes:
        files: their paths, N.
        labels: int64, (N,), from 0.
        channels: what pictures are converted to: 3 (RGB) or 1 (grey).
        bits: that grey of more than 8 bits uses, see `dada.datasets.pixels.to_eight_bits`.

    Raises:
        UserError: the labels have another type or shape, or the counts differ.
    """

    files: tuple[str, ...]
    labels: Tensor
    channels: int = 3
    bits: int = 16

    def __post_init__(self) -> None:
        if self.labels.dtype != torch.int64 or self.labels.shape != (len(self.files),):
            raise UserError(
                f"{len(self.files)} files but labels of {self.labels.dtype} "
                f"{tuple(self.labels.shape)}: must be int64, one a file"
            )
        if self.channels not in (1, 3):
            raise UserError(f"{self.channels} channels: must be 1 or 3")

    def __len__(self) -> int:
        return len(self.files)

    def subset(self, indices: Sequence[int] | np.ndarray | Tensor) -> "ImageFiles":
        """Return the files at ``indices`` (or where a mask is true), in that order."""
        chosen = torch.as_tensor(indices)
        chosen = chosen.nonzero()[:, 0] if chosen.dtype == torch.bool else chosen.long()
        files = tuple(self.files[index] for index in chosen.tolist())
        return replace(self, files=files, labels=self.labels[chosen])

    def contents(self) -> list[bytes | int]:
        """A digest of each file, equal where two files are; of a size of its own, its index."""
        sizes = [os.path.getsize(file) for file in self.files]
        counts = Counter(sizes)
        return [
            _digest(file) if counts[size] > 1 else index
            for index, (file, size) in enumerate(zip(self.files, sizes, strict=True))
        ]

    def read(self, index: int) -> Image.Image:
        """Decode one file: upright, ``L`` or ``RGB`` by ``channels``, of its own size.

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
        except Exception as error:  # a broken file makes Pillow raise nearly anything
            raise UserError(
                f"{file}: cannot be read ({reason(file, error)}): repair or remove it"
            ) from error


def _digest(file: str) -> bytes:
    with opened(file) as source:
        return hashlib.file_digest(source, "blake2b").digest()


@dataclass(frozen=True, eq=False)
class FileDataset:
    """A training and a test set of the same classes, in files: what a ``Dataset`` is in memory.

    Attributes:
        name: what to call it in messages and reports.
        train: files to search and train on.
        test: files to measure on.
        classes: the name of each label.
        flip: whether a horizontal flip is a natural augmentation.
        side: height and width that images are brought to, in pixels.
        skipped: none: what cannot be read is found when it is read.
        notes: what was decided on the way, a line each, for the user to read.

    Raises:
        UserError: the two sets differ in channels, or a label has no class.
    """

    name: str
    train: ImageFiles
    test: ImageFiles
    classes: tuple[str, ...]
    flip: bool = True
    side: tuple[int, int] = (224, 224)
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        make_printable(self)
        if self.train.channels != self.test.channels:
            raise UserError(
                f"{self.name}: training images have {self.train.channels} channels but test "
                f"images {self.test.channels}: must be the same"
            )
        check_labels(self.name, "training", self.train.labels, len(self.classes))
        check_labels(self.name, "test", self.test.labels, len(self.classes))

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for RGB."""
        return self.train.channels

    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """As `Dataset.statistics`, of at most 500 training images, evenly chosen.

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


def open_images(
    source: str | Path, side: int | None = None, root: str | Path | None = None
) -> Dataset | FileDataset:
    """Load images (`load`) if they fit in 2 GiB of memory, else leave them in their files.

    All of ImageNet stays in its files. Files are brought to 224×224 pixels where no side is given.

    Raises:
        UserError: as `load` and `open_files`.
    """
    if source != "imagenet":
        if source in NAMES or not Path(source).expanduser().is_dir():
            return load(source, side=side, root=root)
        found = open_files(source, root, side)
        widest = side or 96  # what `load` chooses at most
        size = (len(found.train) + len(found.test)) * 3 * widest**2
        if size <= _MEMORY:
            return load(source, side=side, root=root)
        note = f"the images would take {size / 2**30:.1f} GiB of memory: they stay in their files"
        return replace(found, notes=(*found.notes, note))
    return open_files(source, root, side)


def open_files(
    source: str | Path, root: str | Path | None = None, side: int | None = None
) -> FileDataset:
    """List the images of ImageNet or of an image folder; nothing is decoded, all are RGB.

    Args:
        source: ``imagenet``, all 1,000 classes of it, or the path of an image folder as
            `dada.datasets.load` takes it. Where that has no test set, 20 % of every class
            are held out as one.
        root: the folder that holds ImageNet; None is ``~/.cache/dada/imagenet``.
        side: that images are brought to, in pixels; None is 224.

    Raises:
        UserError: neither is there; the message says what would be right.
    """
    check_side(side)
    square = (side or 224, side or 224)
    if source == "imagenet":
        return replace(_open_imagenet(imagenet_folder(root)), side=square)
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return replace(_open_folder(path), side=square)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    raise UserError(f"{path}: no image folder: files are opened from one, or from imagenet")


def _open_imagenet(root: Path) -> FileDataset:
    listing = list_imagenet(root)
    assert listing.test is not None
    note = (
        f"imagenet: all {len(listing.train.files)} training images; the test images are the "
        f"{len(listing.test.files)} validation images"
    )
    train, test = _files(listing.train), _files(listing.test)
    return FileDataset("imagenet", train, test, listing.classes, notes=(note, *listing.notes))


def _open_folder(path: Path) -> FileDataset:
    name, listing = path_name(path), list_folder(path)
    bits = sampled_bits(listing.train.files)
    notes = listing.notes
    if bits is not None:
        notes = (*notes, f"{bits_in_words(bits)}, by a sample; what is above becomes white")
    train = _files(listing.train, bits or 16)
    if listing.test is not None:
        test = _files(listing.test, bits or 16)
        return FileDataset(name, train, test, listing.classes, notes=notes)
    train, test, held_out = split_off_test_set(name, train, listing.classes)
    return FileDataset(name, train, test, listing.classes, notes=(*notes, *held_out))


def _files(samples: Samples, bits: int = 16) -> ImageFiles:
    return ImageFiles(samples.files, torch.tensor(samples.labels, dtype=torch.int64), bits=bits)
