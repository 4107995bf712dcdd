"""Labelled images in memory: what every reader returns and everything else takes."""

import hashlib
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from dada.errors import UserError, brief, option, printable, some
from dada.tasks import TARGETS, Task, task_of
from dada.tasks.packed import PackedMaps
from dada.tasks.task import AllLabels

if TYPE_CHECKING:
    from dada.datasets.files import FileDataset

_SMALLEST = 8  # pixels per side: networks halve it twice, crops shift it by an eighth
_CHUNK = 2**22  # pixels counted at once; each takes several bytes meanwhile


CHANNELS = "1, 3 or less than H and W"
"""The allowed numbers of channels, in words."""


def are_channels(count: int, height: int, width: int) -> bool:
    """Whether `count` is a plausible number of channels, and not another axis in its place."""
    return count in (1, 3) or 0 < count < min(height, width)


def channels_in_words(count: int) -> str:
    """Describe a number of channels.

    Examples:
        >>> [channels_in_words(count) for count in (1, 3, 5)]
        ['grey', 'colour', '5-channel']
    """
    return {1: "grey", 3: "colour"}.get(count, f"{count}-channel")


def size_in_words(channels: int, height: int, width: int) -> str:
    """Describe the size of images.

    Examples:
        >>> size_in_words(3, height=96, width=128)
        '128 × 96 RGB'
    """
    return f"{width} × {height} {'RGB' if channels == 3 else channels_in_words(channels)}"


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images of one size.

    Attributes:
        images: uint8, (N, C, H, W), where C is 1 (grey), 3 (RGB), or any number below H and W.
        labels: as one of `dada.tasks.TASKS` has them: int64, (N,), from 0; or, if an image may have
            several labels, float32, (N, L): 1 for each of the L labels that it has and 0 for the
            others; a class per pixel, uint8, (N, H, W); boxes, float32, (N, M, 5); or an object
            per pixel, int32, (N, H, W).

    Raises:
        UserError: a tensor has another type or shape, or the counts differ.

    Examples:
        >>> import torch
        >>> images = ImageSet(torch.zeros(4, 3, 32, 32, dtype=torch.uint8), torch.arange(4))
        >>> images
        ImageSet(4 images, 32 × 32 RGB; labels int64 (4,))
        >>> len(images), images.subset([3, 1]).labels
        (4, tensor([3, 1]))
    """

    images: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != torch.uint8 or images.ndim != 4 or not are_channels(*images.shape[1:]):
            raise UserError(
                f"images are {_describe(images)}: must be uint8 (N, C, H, W) with C {CHANNELS}"
            )
        if labels.dtype != task_of(labels).dtype:
            raise UserError(f"labels are {_describe(labels)}: must be {TARGETS}")
        if len(images) != len(labels):
            raise UserError(f"{len(images)} images but {len(labels)} labels: the counts must match")
        self.task.check_size(labels, (images.shape[2], images.shape[3]))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        channels, *side = self.images.shape[1:]
        return (
            f"ImageSet({len(self):,} images, {size_in_words(channels, *side)}; "
            f"labels {_describe(self.labels)})"
        )

    @property
    def task(self) -> Task:
        """What the labels are for."""
        return task_of(self.labels)

    def subset(self, indices: Sequence[int] | np.ndarray | Tensor) -> "ImageSet":
        """Return the images at ``indices`` (or where a mask is true), in that order.

        They are a copy, unless they are all there are, as they are: that is the set itself.
        """
        chosen = torch.as_tensor(indices, device=self.images.device)
        # [] would be float.
        chosen = chosen.nonzero()[:, 0] if chosen.dtype == torch.bool else chosen.long()
        if torch.equal(chosen, torch.arange(len(self), device=chosen.device)):
            return self
        return ImageSet(self.images[chosen], self.labels[chosen])

    def contents(self) -> list[bytes]:
        """A digest of each image's pixels, equal if two images are the same."""
        return [
            hashlib.blake2b(image.tobytes(), digest_size=16).digest()
            for image in self.images.cpu().numpy()
        ]

    def to(self, device: torch.device | str) -> "ImageSet":
        """Return the set on ``device``; nothing is copied if it is already there."""
        return ImageSet(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test set with the same classes and image size.

    Attributes:
        name: used in messages and reports.
        train: images to search and train on.
        test: images to measure on.
        classes: the name of each label.
        flip: whether a horizontal flip is a natural augmentation; it is not for digits.
        skipped: files that could not be read, relative to the folder they were found in.
        notes: decisions made while reading, one line each, for the user.
        files: all files if only some of them were decoded; then there may be no test images.
        validation: the user's own validation set, which a search may judge policies by; None if
            there is none.
        test_files: the file of each test image, if it was read from one.

    Raises:
        UserError: the sets differ in channels, side or task, or a label has no class.
    """

    name: str
    train: ImageSet
    test: ImageSet
    classes: tuple[str, ...]
    flip: bool = True
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    files: "FileDataset | None" = None
    validation: ImageSet | None = None
    test_files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        make_printable(self)
        self._check_like("test", self.test)
        height, width = self.side
        if min(height, width) < _SMALLEST:
            raise UserError(
                f"{self.name}: images are {height}x{width} pixels: at least "
                f"{_SMALLEST}x{_SMALLEST} are needed"
            )
        check_labels(self.name, "training", self.train.labels, len(self.classes))
        if self.files is None or len(self.test):
            check_labels(self.name, "test", self.test.labels, len(self.classes))
        if self.validation is not None:
            self._check_like("validation", self.validation)
            check_labels(self.name, "validation", self.validation.labels, len(self.classes))

    def _check_like(self, part: str, images: ImageSet) -> None:
        """Raise `UserError` unless the images have the training images' size and task."""
        shape, other = self.train.images.shape[1:], images.images.shape[1:]
        if shape != other:
            raise UserError(
                f"{self.name}: training images are {_size(shape)} but {part} images are "
                f"{_size(other)}: must be the same"
            )
        if self.train.task is not images.task:
            raise UserError(
                f"{self.name}: training images have {self.train.task.words} but {part} images "
                f"{images.task.words}: must be the same"
            )

    @property
    def task(self) -> Task:
        """What the labels are for."""
        return self.train.task

    def __repr__(self) -> str:
        whole = self.files or self
        parts = f"{_count(self.train, whole.train)} training images, {len(self.test):,} test images"
        if self.validation is not None and whole.validation is not None:
            parts += f", {_count(self.validation, whole.validation)} validation images"
        size = size_in_words(self.channels, *self.side)
        return (
            f"Dataset({brief(self.name)}: {parts}, "
            f"{size}, {len(self.classes):,} classes: {some(self.classes)})"
        )

    @property
    def all_labels(self) -> AllLabels:
        """The labels of all training images, including those not decoded."""
        return self.train.labels if self.files is None else self.files.train.labels

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for RGB, or any other number."""
        return self.train.images.shape[1]

    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each channel of the training images, scaled to [0, 1]."""
        return channel_statistics(self.train.images)

    @property
    def side(self) -> tuple[int, int]:
        """Height and width of every image, in pixels."""
        return self.train.images.shape[2], self.train.images.shape[3]


@dataclass(frozen=True, eq=False)
class Parts:
    """The result of a reader: like a `Dataset`, but the test set may still have to be held out."""

    train: ImageSet
    test: ImageSet | None
    classes: tuple[str, ...]
    flip: bool = True
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    validation: ImageSet | None = None


def make_printable(dataset: object) -> None:
    """Escape control characters in the notes of a frozen dataset: they contain file names."""
    object.__setattr__(dataset, "notes", tuple(map(printable, getattr(dataset, "notes", ()))))


def check_labels(name: str, part: str, labels: AllLabels, classes: int) -> None:
    """Raise `UserError` unless there are labels, all of them of so many classes."""
    if not len(labels):
        raise UserError(f"{name}: no {part} images: at least one is needed")
    # Who packs maps has numbered their classes, and to unpack all of them may take minutes.
    if not isinstance(labels, PackedMaps):
        task_of(labels).check(labels, classes, f"{name}: {part} labels")


def imbalance(labels: AllLabels, classes: Sequence[str]) -> tuple[str, ...]:
    """A note if one class has ten times as many images as another; otherwise none."""
    strata = task_of(labels).strata(labels)
    if strata is None:
        return ()
    counts = strata.bincount(minlength=len(classes))
    there = counts.nonzero()[:, 0]
    fewest, most = (int(there[i]) for i in (counts[there].argmin(), counts[there].argmax()))
    if counts[most] < 10 * counts[fewest]:
        return ()
    return (
        f"classes are unequal: {counts[most]} training images of {classes[most]}, "
        f"{counts[fewest]} of {classes[fewest]}; {option('balance', True, setting=True)} weights "
        "all classes equally",
    )


def even_batches(order: Tensor, size: int) -> tuple[Tensor, ...]:
    """Split the indices of an epoch into ⌈N / size⌉ batches of nearly equal size, at least 2 each.

    A small last batch would distort the running statistics of a network whose batch normalisation
    gives the newest batch a weight of 0.9, as the published networks do.

    Examples:
        >>> import torch
        >>> [len(batch) for batch in even_batches(torch.arange(130), size=64)]
        [44, 43, 43]
    """
    batches = min(-(-len(order) // size), len(order) // 2)
    return order.tensor_split(max(1, batches))


def channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of images scaled to [0, 1].

    They are exact sums over the counts of the 256 levels; no float copy of the images is made.

    Args:
        images: uint8, (N, C, H, W), at least one image.

    Returns:
        The means and the population standard deviations, C each. A deviation is at least one
        grey level (1/255), so that images of a single colour can be normalised.

    Examples:
        >>> import torch
        >>> channel_statistics(torch.tensor([[[[0, 255]]]], dtype=torch.uint8))
        ((0.5,), (0.5,))
    """
    if images.dtype != torch.uint8 or images.ndim != 4 or not images.numel():
        raise ValueError(f"images are {_describe(images)}: must be uint8 (N, C, H, W), N > 0")
    counts = torch.zeros(images.shape[1], 256, dtype=torch.int64)
    for chunk in images.split(max(1, _CHUNK // (images.shape[2] * images.shape[3]))):
        for channel, plane in enumerate(chunk.unbind(1)):
            counts[channel] += torch.bincount(plane.flatten(), minlength=256).cpu()
    share = counts.double() / counts.sum(1, keepdim=True)
    levels = torch.arange(256, dtype=torch.float64) / 255
    mean = share @ levels
    variance = (share * (levels - mean[:, None]) ** 2).sum(1)
    return tuple(mean.tolist()), tuple(variance.sqrt().clamp(min=1 / 255).tolist())


def _count(decoded: Sized, there: Sized) -> str:
    every = "" if len(decoded) == len(there) else f" of {len(there):,}"
    return f"{len(decoded):,}{every}"


def _describe(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _size(shape: torch.Size) -> str:
    channels, height, width = shape
    return f"{height}x{width} with {channels} channel{'s' if channels > 1 else ''}"
