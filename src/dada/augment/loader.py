"""Loaders of batches: what they all do, and the one of images in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from dada.augment.motion import Motion
from dada.augment.pipeline import Pipeline

if TYPE_CHECKING:  # importing a policy's transform must not import datasets
    from dada.datasets import ImageSet
    from dada.tasks import Task
    from dada.tasks.task import AllLabels

_TEST_IMAGES, _TEST_VALUES = 512, 512 * 3 * 32 * 32

Batches = Iterator[tuple[Tensor, Tensor]]
"""Images, uint8 (B, C, H, W), and the labels of B images, both on the device."""


class Augment(Protocol):
    """Uint8 (B, C, H, W) and a CPU generator in, uint8 out.

    A motion is given where labels move with the pixels: what moves them is added to it.
    """

    def __call__(
        self, images: Tensor, generator: torch.Generator, motion: Motion | None = None, /
    ) -> Tensor:
        """See the class."""


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

    labels: AllLabels

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
