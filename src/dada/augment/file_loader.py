"""The loader of images that stay in their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

from dada.augment.loader import Augment, Batches, test_batch
from dada.augment.motion import Motion
from dada.augment.pipeline import Pipeline
from dada.errors import UserError

if TYPE_CHECKING:  # importing a policy's transform must not import datasets
    from dada.datasets import ImageFiles

_NARROW = 8  # largest aspect ratio that is resized in full
_Wanted = tuple[list[int], int | None]
"""The rows of a batch, and the epoch that it is augmented for; None, if it is not augmented."""


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
        augment: an epoch, from 0, to the policy that the workers apply after crop and flip; it must
            be fit for `pickle`. None leaves the policy to the caller.
    """

    def __init__(
        self,
        files: ImageFiles,
        pipeline: Pipeline,
        device: torch.device,
        workers: int,
        seed: int,
        augment: Callable[[int], Augment] | None = None,
    ) -> None:
        self.labels = files.labels
        self._work, self._device = _Work(files, pipeline, seed, augment), device
        self._workers = workers
        self._idle: DataLoader[Any] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, rows: Sequence[Tensor], epoch: int, generator: torch.Generator) -> Batches:
        """See `Loader.batches`.

        How an image is cropped and flipped depends only on the seed, `epoch` and its index, what
        the policy does to it on its batch, too. So a resumed training continues exactly, with any
        number of workers, and crops are the same under every policy. `generator` is not used.
        """
        return self._load(rows, epoch)

    def plain(self, size: int | None = None) -> Batches:
        """See `Loader.plain`."""
        size = size or test_batch(self._work.files.channels, *self._work.pipeline.size)
        rows = torch.arange(len(self)).split(size) if len(self) else ()
        return self._load(rows, None)

    def _load(self, rows: Sequence[Tensor], epoch: int | None) -> Batches:
        wanted: list[_Wanted] = [(some.tolist(), epoch) for some in rows]
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

    def __init__(
        self,
        files: ImageFiles,
        pipeline: Pipeline,
        seed: int,
        augment: Callable[[int], Augment] | None,
    ) -> None:
        self.files, self.pipeline, self.seed, self.augment = files, pipeline, seed, augment

    def __getitems__(self, wanted: _Wanted) -> tuple[Tensor, Tensor] | UserError:
        rows, epoch = wanted
        try:
            if epoch is None:
                return torch.stack([self._whole(row) for row in rows]), self.files.labels[rows]
            return self._augmented(rows, epoch)
        except UserError as error:
            return error

    def _augmented(self, rows: list[int], epoch: int) -> tuple[Tensor, Tensor]:
        labels, task = self.files.labels[rows], self.files.task
        motions = [Motion(1) if task.moves else None for _ in rows]
        pairs = zip(rows, motions, strict=True)
        images = torch.stack([self._cropped(epoch, row, motion) for row, motion in pairs])
        motion = Motion(len(rows)) if task.moves else None
        if motion:
            motion.add(torch.cat([each.maps for each in motions if each]))
        if self.augment:
            generator = self._generator(epoch, rows[0], len(rows))
            images = self.augment(epoch)(images, generator, motion)
        if motion:
            labels = task.moved(labels, motion.maps, self.pipeline.size)
        return images, labels

    def _cropped(self, epoch: int, row: int, motion: Motion | None) -> Tensor:
        """Uint8 (C, height, width) of the pipeline's size, cropped and flipped at random."""
        image = self._whole(row) if self.pipeline.crop == "padded" else self.files.pixels(row)
        return self.pipeline.before_policy(image[None], self._generator(epoch, row), motion)[0]

    def _generator(self, *key: int) -> torch.Generator:
        # SeedSequence mixes its inputs, so neighbouring epochs and rows get unrelated seeds.
        mixed = np.random.SeedSequence(self.seed, spawn_key=key)
        return torch.Generator().manual_seed(mixed.generate_state(1, np.uint64).item())

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
