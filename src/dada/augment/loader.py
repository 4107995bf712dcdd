"""Loaders of batches, from memory or from files, with one interface."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

from dada.augment.motion import Motion
from dada.augment.pipeline import Pipeline
from dada.compute.job import whole
from dada.errors import UserError

if TYPE_CHECKING:  # importing a policy's transform must not import datasets
    from dada.datasets import ImageFiles, ImageSet
    from dada.tasks import Task

_NARROW = 8  # largest aspect ratio that is resized in full
_TEST_IMAGES, _TEST_VALUES = 512, 512 * 3 * 32 * 32

Batches = Iterator[tuple[Tensor, Tensor]]
"""Images, uint8 (B, C, H, W), and the labels of B images, both on the device."""
_Wanted = tuple[int, int | None]
"""The row of an image, and the epoch that it is augmented for; None, if it is not augmented."""


def test_batch(channels: int, height: int, width: int) -> int:
    """Batch size for testing a network: 512 images of 32 × 32 pixels, fewer if they are larger.

    This keeps a test within the memory of a training step, which has fewer images but keeps all
    activations.

    Examples:
        >>> test_batch(3, 32, 32), test_batch(3, 224, 224)
        (512, 10)
    """
    return max(1, min(_TEST_IMAGES, _TEST_VALUES // (max(3, channels) * height * width)))


class Loader(Protocol):
    """Images and labels for a training, wherever they are stored.

    Attributes:
        labels: of N images, as their task has them, on the CPU.
    """

    labels: Tensor

    def __len__(self) -> int: ...

    def batches(self, rows: Sequence[Tensor], epoch: int, generator: torch.Generator) -> Batches:
        """Batches after everything that precedes the policy, such as crop and flip.

        Labels that move with the pixels are moved.

        Args:
            rows: the indices of each batch, int64 (B,) on the CPU.
            epoch: number of the epoch.
            generator: CPU generator, used if batches are made in this process.

        Raises:
            UserError: a file cannot be read.
        """

    def plain(self, size: int | None = None) -> Batches:
        """All images in order, not augmented, in batches of at most `size`; none of no images, as a
        process has where there are fewer images than processes.

        Args:
            size: images per batch; None uses `test_batch`.

        Raises:
            UserError: a file cannot be read.
        """


class MemoryLoader:
    """A `Loader` of images that fit on the device; they are cropped there.

    Args:
        images: the images.
        pipeline: crops and flips them, using the generator passed to `batches`.
        device: where the images are kept.

    Examples:
        >>> import torch
        >>> from dada.datasets import load
        >>> train, pipeline = load("digits").train, Pipeline((0.5,), (0.5,), padding=1)
        >>> loader = MemoryLoader(train, pipeline, torch.device("cpu"))
        >>> generator = torch.Generator().manual_seed(0)
        >>> order = torch.randperm(len(loader), generator=generator)
        >>> images, labels = next(loader.batches(order.split(32), epoch=1, generator=generator))
        >>> images.shape, labels.shape
        (torch.Size([32, 1, 8, 8]), torch.Size([32]))
    """

    def __init__(self, images: ImageSet, pipeline: Pipeline, device: torch.device) -> None:
        self.labels = images.labels.cpu()
        self._images, self._pipeline = images.to(device), pipeline

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, rows: Sequence[Tensor], epoch: int, generator: torch.Generator) -> Batches:
        """See `Loader.batches`. Randomness comes from `generator` alone, batch by batch."""
        for chosen in rows:
            here = chosen.to(self._images.images.device)
            # Several times as fast as indexing with [], for the same bytes.
            images = self._images.images.index_select(0, here)
            labels = self._images.labels.index_select(0, here)
            yield _before_policy(self._pipeline, images, labels, self._images.task, generator)

    def plain(self, size: int | None = None) -> Batches:
        """See `Loader.plain`."""
        size = size or test_batch(*self._images.images.shape[1:])
        for start in range(0, len(self), size):
            here = slice(start, start + size)
            yield self._images.images[here], self._images.labels[here]


def _before_policy(
    pipeline: Pipeline, images: Tensor, labels: Tensor, task: Task, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """A batch after all that precedes the policy, and its labels."""
    if not task.moves:
        return pipeline.before_policy(images, generator), labels
    motion = Motion(len(images))
    images = pipeline.before_policy(images, generator, motion)
    return images, task.moved(labels, motion.maps, (images.shape[2], images.shape[3]))


class FileLoader:
    """A `Loader` of image files, which are decoded and cropped by worker processes.

    Pictures whose labels move with the pixels are stretched to the pipeline's size. For others, if
    the crop is "resized", `plain` resizes pictures until they cover 8/7 of the pipeline's size
    and cuts out the centre: 256 and 224, as is usual for ImageNet. If it is "padded", `plain` and
    `batches` both resize the largest central part that has the proportions of the size.

    Args:
        files: the files.
        pipeline: crops and flips the images.
        device: where batches are returned.
        workers: number of processes; 0 works in this process.
        seed: for all randomness.
    """

    def __init__(
        self,
        files: ImageFiles,
        pipeline: Pipeline,
        device: torch.device,
        workers: int,
        seed: int,
    ) -> None:
        self.labels = files.labels
        self._work, self._device = _Work(files, pipeline, seed), device
        self._workers = workers
        self._idle: DataLoader[Any] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, rows: Sequence[Tensor], epoch: int, generator: torch.Generator) -> Batches:
        """See `Loader.batches`.

        An image's random numbers depend only on the seed, `epoch` and its index, so a resumed
        training continues exactly, with any number of workers. `generator` is not used.
        """
        return self._load(rows, epoch)

    def plain(self, size: int | None = None) -> Batches:
        """See `Loader.plain`."""
        size = size or test_batch(self._work.files.channels, *self._work.pipeline.size)
        rows = torch.arange(len(self)).split(size) if len(self) else ()
        return self._load(rows, None)

    def _load(self, rows: Sequence[Tensor], epoch: int | None) -> Batches:
        wanted = [[(row, epoch) for row in some.tolist()] for some in rows]
        loader, self._idle = self._idle or self._start(), None
        loader.batch_sampler[:] = wanted  # type: ignore[index]
        for batch in loader:
            if isinstance(batch, UserError):
                break
            images, labels = batch
            yield (
                images.to(self._device, non_blocking=True),
                labels.to(self._device, non_blocking=True),
            )
        else:
            self._idle = loader
            return
        del loader  # ends its workers before an error's traceback could hold on to them
        raise batch

    def _start(self) -> DataLoader[Any]:
        """Workers for all epochs and tests to come. After each fork, this process would copy every
        page of its memory that it writes to, which costs a third of a small network's steps."""
        return DataLoader(
            self._work,
            batch_sampler=list[Any](),
            num_workers=self._workers,
            collate_fn=_as_it_is,
            pin_memory=self._device.type == "cuda",
            persistent_workers=self._workers > 0,
            generator=torch.Generator(),  # DataLoader draws a seed: not from the global generator
        )


class _Work(torch.utils.data.Dataset[Any]):
    """The work of a worker: a whole batch, or the error that stopped it.

    An error raised in a worker would arrive with the worker's traceback in its message.
    """

    def __init__(self, files: ImageFiles, pipeline: Pipeline, seed: int) -> None:
        self.files, self.pipeline, self.seed = files, pipeline, seed

    def __getitems__(self, wanted: list[_Wanted]) -> tuple[Tensor, Tensor] | UserError:
        labels, task = self.files.labels[[row for row, _ in wanted]], self.files.task
        motions = [Motion(1) for _ in wanted] if task.moves else []
        try:
            pairs = zip(wanted, motions or repeat(None), strict=False)
            images = torch.stack([self._image(row, at, motion) for (row, at), motion in pairs])
        except UserError as error:
            return error
        if task.moves:
            maps = torch.cat([motion.maps for motion in motions])
            labels = task.moved(labels, maps, self.pipeline.size)
        return images, labels

    def _image(self, row: int, epoch: int | None, motion: Motion | None) -> Tensor:
        """Uint8 (C, height, width) of the pipeline's size."""
        return self._whole(row) if epoch is None else self._augmented(epoch, row, motion)

    def _augmented(self, epoch: int, row: int, motion: Motion | None) -> Tensor:
        image = self._whole(row) if self.pipeline.crop == "padded" else self.files.pixels(row)
        # SeedSequence mixes its inputs, so neighbouring epochs and rows get unrelated seeds.
        mixed = np.random.SeedSequence(self.seed, spawn_key=(epoch, row))
        generator = torch.Generator().manual_seed(mixed.generate_state(1, np.uint64).item())
        return self.pipeline.before_policy(image[None], generator, motion)[0]

    def _whole(self, row: int) -> Tensor:
        if not self.files.task.moves:
            return self._centre(row)
        size = list(self.pipeline.size)
        return F.resize(self.files.pixels(row), size, InterpolationMode.BICUBIC)

    def _centre(self, row: int) -> Tensor:
        size, picture = self.pipeline.size, self.files.pixels(row)
        shortest = min(picture.shape[1:])
        most = _NARROW * shortest * -(-max(size) // min(size))
        if max(picture.shape[1:]) > most:
            # A narrow strip, resized in full, would become gigantic.
            picture = F.center_crop(picture, [min(side, most) for side in picture.shape[1:]])
        larger = self.pipeline.crop == "resized"
        height, width = (side * 8 // 7 if larger else side for side in size)
        if picture.shape[2] * height <= picture.shape[1] * width:  # narrower than the target
            covering = [width * picture.shape[1] // picture.shape[2], width]
        else:
            covering = [height, height * picture.shape[2] // picture.shape[1]]
        resized = F.resize(picture, covering, InterpolationMode.BICUBIC)
        return F.center_crop(resized, list(size))


def _as_it_is(batch: Any) -> Any:
    return batch


def make_loader(
    images: ImageSet | ImageFiles,
    pipeline: Pipeline,
    device: torch.device,
    seed: int = 0,
    workers: int | None = None,
) -> Loader:
    """Make the loader for these images: from memory, or from their files.

    Args:
        seed: for the random crops of files.
        workers: processes that decode files; None uses one per processor of this process.
    """
    from dada.datasets import ImageSet  # noqa: PLC0415  (see above)

    if isinstance(images, ImageSet):
        return MemoryLoader(images, pipeline, device)
    return FileLoader(images, pipeline, device, _processors() if workers is None else workers, seed)


def _processors() -> int:
    """This process's share of the machine's processors; `torchrun` may have started several."""
    beside = whole("LOCAL_WORLD_SIZE", 1, least=1)
    # Not every system reports which processors a process may use.
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (mine or 1) // beside)
