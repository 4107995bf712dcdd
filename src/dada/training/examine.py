"""What a network answers on test images, and everything that is said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from dada.augment import Pipeline
from dada.augment.make_loader import make_loader
from dada.compute.distributed import ALONE, Processes
from dada.compute.threads import threads_for
from dada.datasets import ImageFiles, ImageSet
from dada.models.child import Child, Outputs
from dada.tasks import Task

_DRAWN = 384  # pixels of the longer side that labels are drawn in, at least half

OnBatch = Callable[[int, int], None]


@dataclass(frozen=True)
class Tested:
    """A network and the images that it is tested on.

    Attributes:
        child: the network.
        images: N of them, with labels.
        pipeline: normalises them.
        processes: those that share the images.
        on_batch: see `dada.evaluate`.
    """

    child: Child
    images: ImageSet | ImageFiles
    pipeline: Pipeline
    processes: Processes = ALONE
    on_batch: OnBatch = lambda done, total: None

    def outputs(self) -> Iterator[tuple[Outputs, Tensor]]:
        """The network's outputs for this process's batches, and the labels, on its device.

        Raises:
            UserError: a file cannot be read.
        """
        mine, child, done = self._mine(), self.child, 0
        with threads_for(child.model, child.device):
            for seen, labels in make_loader(mine, self.pipeline, child.device).plain():
                yield child.logits(self.pipeline.normalise(seen)), labels
                done += len(seen)
                self.on_batch(done, len(mine))

    def gathered(self, parts: list[Any]) -> list[Any]:
        """The parts of all processes, one per batch, in the order of the images."""
        return [part for some in self.processes.all_gather(parts) for part in some]

    def _mine(self) -> ImageSet | ImageFiles:
        return self.images.subset(self.processes.shard(torch.arange(len(self.images))))


def examined(
    tested: Tested, task: Task, classes: Sequence[str], files: Sequence[str] = ()
) -> dict[str, Any]:
    """Everything about a test, as plain data.

    Args:
        tested: the network and the images.
        task: the task.
        classes: names of the network's outputs.
        files: those of the images; empty if there are none.

    Returns:
        As `dada.tasks.Task.examined`.

    Raises:
        UserError: a file cannot be read.
        DivergedError: the loss is not a finite number.
    """
    evidence = tested.gathered([task.evidence(*batch) for batch in tested.outputs()])
    return task.examined(evidence, tested.images.labels, classes, files)


def pictures(tested: Tested, task: Task, rows: Sequence[int]) -> Tensor:
    """Some of the images, uint8 (n, C, H, W); where labels are drawn, those beside the answers, and
    small images enlarged.

    Args:
        tested: the network and the images.
        task: the task.
        rows: indices of the images.
    """
    images = tested.images.subset(rows)
    loader = make_loader(images, tested.pipeline, torch.device("cpu"), workers=0)
    [(seen, labels)] = loader.plain(len(images))
    if not task.moves:
        return seen
    part = Tested(tested.child, images, tested.pipeline)
    height, width = seen.shape[2:]
    shown = [task.found(outputs, (height, width)).cpu() for outputs, _ in part.outputs()]
    found = torch.cat(shown)
    factor = max(1, _DRAWN // max(height, width))
    size = (factor * height, factor * width)
    large = F.resize(seen, list(size))
    true, answers = (task.drawn(large, task.resized(of, size)) for of in (labels, found))
    gap = true.new_full((*true.shape[:3], max(2, true.shape[3] // 32)), 255)
    return torch.cat([true, gap, answers], 3)
