"""A bank: images that are augmented in advance, a few draws of each, which serve all epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dada.augment.loader import Batches, Loader
from dada.augment.pipeline import Pipeline
from dada.compute.memory import available
from dada.errors import UserError


class Bank:
    """A `Loader` of images that were augmented in advance: a few draws of each serve all epochs.

    All that is drawn per image stays drawn per image; but epoch e sees draw e mod `kept` of every
    image. An image's draws are independent and alike, so their order needs no shuffling: each is
    used equally often, and never in two consecutive epochs. With as many draws as epochs nothing
    is seen twice.

    Kept, as bytes: crop, flip, the user's transforms, policy and colour jitter. Lighting and
    Cutout, which are cheap, are left to `rest` and drawn anew in every epoch.

    It saves part of what augmentation takes: of a small proxy's training, a fifth with resized
    crops and colour jitter, at a third as many draws as epochs, but with padded crops on a CPU a
    twentieth or less. `benchmarks/bank.py` measures this, and what few draws cost in quality.

    Args:
        loader: crops and flips the images.
        pipeline: what surrounds the policy.
        augment: the policy: uint8 batch and CPU generator to uint8 batch. With a generator of its
            own, crops and flips are the same under every policy.
        draws: to keep of each image; more than there are epochs are of no use.
        generator: CPU generator, for everything that is drawn.
        batch: images that are augmented at once. It determines which random numbers each gets.
        at_once: banks that are made at the same time in this machine's memory.

    Attributes:
        kept: draws of each image: as many as asked for, or as fit in half of the free memory.
        rest: the pipeline for a training on this loader: what follows all that is kept.

    Raises:
        UserError: not even two draws of each image fit in memory, a file cannot be read, or labels
            move with the pixels, which a bank does not keep.

    Examples:
        >>> import torch
        >>> from dada.augment import MemoryLoader
        >>> from dada.datasets import load
        >>> train, pipeline = load("digits").train, Pipeline((0.5,), (0.5,), padding=1)
        >>> loader = MemoryLoader(train, pipeline, torch.device("cpu"))
        >>> generator = torch.Generator().manual_seed(0)
        >>> invert = lambda images, generator: 255 - images
        >>> bank = Bank(loader, pipeline, invert, draws=3, generator=generator, batch=512)
        >>> rows = [torch.tensor([5, 8])]
        >>> first, fourth = (next(bank.batches(rows, epoch))[0] for epoch in (0, 3))
        >>> bank.kept, torch.equal(first, fourth)
        (3, True)
    """

    def __init__(
        self,
        loader: Loader,
        pipeline: Pipeline,
        augment: Callable[[Tensor, torch.Generator], Tensor],
        draws: int,
        generator: torch.Generator,
        batch: int,
        at_once: int = 1,
    ) -> None:
        from dada.tasks import task_of  # noqa: PLC0415  (a policy's transform needs no tasks)

        if task_of(loader.labels).moves:
            raise UserError("a bank of augmented images: not where labels move with the pixels")
        self.labels, self._loader = loader.labels, loader
        self.rest = replace(pipeline, after=None, jitter=0.0)
        bytes_only = replace(pipeline, lighting=0.0)
        # Only a batch shows which shape images have after the crop, and on which device.
        sample, _ = next(loader.batches([torch.tensor([0])], 0, torch.Generator()))
        self.kept = _fitting(draws, len(loader) * sample.numel(), sample.device, at_once)
        self._images = sample.new_empty(self.kept, len(loader), *sample.shape[1:])
        self._labels = loader.labels.to(sample.device)
        rows = torch.arange(len(loader)).split(batch)
        for number, draw in enumerate(self._images):
            loaded = loader.batches(rows, number, generator)
            for place, (images, _) in zip(draw.split(batch), loaded, strict=True):
                augmented = augment(images, generator)
                afterwards = bytes_only.after_policy(len(images), generator)
                place.copy_(afterwards.to_bytes(augmented))

    def __len__(self) -> int:
        return len(self.labels)

    def batches(
        self, rows: Sequence[Tensor], epoch: int, generator: torch.Generator | None = None
    ) -> Batches:
        """Batches after the policy, and after all else that is kept; `generator` is not used.

        Args:
            rows: the indices of each batch, int64 (B,) on the CPU.
            epoch: number of the epoch, from 0.
        """
        images = self._images[epoch % self.kept]
        for chosen in rows:
            here = chosen.to(images.device)
            yield images.index_select(0, here), self._labels.index_select(0, here)

    def plain(self, size: int | None = None) -> Batches:
        """See `Loader.plain`."""
        return self._loader.plain(size)


def _fitting(draws: int, size: int, device: torch.device, at_once: int) -> int:
    """How many draws fit in memory, of so many bytes each: half of what is free, shared by all."""
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else available()
    room = free // 2 // at_once
    fit = min(draws, room // size)
    if fit < min(draws, 2):  # one alone would be no augmentation: the same images in every epoch
        raise UserError(
            f"a bank of augmented images: a draw of all takes {size / 2**30:.1f} GiB, and "
            f"{room / 2**30:.1f} GiB are free for it: at least 2 must fit"
        )
    return fit
