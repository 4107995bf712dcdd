"""Choose the loader for images, wherever they are stored."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from dada.augment.file_loader import FileLoader
from dada.augment.loader import Augment, Loader, MemoryLoader
from dada.augment.pipeline import Pipeline
from dada.compute.job import whole

if TYPE_CHECKING:  # importing a policy's transform must not import datasets
    from dada.datasets import ImageFiles, ImageSet


def make_loader(
    images: ImageSet | ImageFiles,
    pipeline: Pipeline,
    device: torch.device,
    seed: int = 0,
    workers: int | None = None,
    augment: Callable[[int], Augment] | None = None,
) -> Loader:
    """Make the loader for these images: from memory, or from their files.

    Args:
        seed: for the random crops of files.
        workers: processes that decode files; None uses one per processor of this process.
        augment: see `FileLoader`; not for images in memory.
    """
    from dada.datasets import ImageSet  # noqa: PLC0415  (see above)

    if isinstance(images, ImageSet):
        return MemoryLoader(images, pipeline, device)
    workers = _processors() if workers is None else workers
    return FileLoader(images, pipeline, device, workers, seed, augment)


def workers_augment(images: ImageSet | ImageFiles, device: torch.device) -> bool:
    """Whether the policy is better applied by workers: where images stay in files, on a CPU.

    Workers, which decode, then also share this work, and the network's process does nothing else;
    `benchmarks/training_throughput.py` measures it. A GPU augments whole batches.
    """
    from dada.datasets import ImageSet  # noqa: PLC0415  (see above)

    return not isinstance(images, ImageSet) and device.type == "cpu"


def _processors() -> int:
    """This process's share of the machine's processors; `torchrun` may have started several."""
    beside = whole("LOCAL_WORLD_SIZE", 1, least=1)
    # Not every system reports which processors a process may use.
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, (mine or 1) // beside)
