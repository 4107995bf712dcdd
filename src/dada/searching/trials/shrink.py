"""Large pictures made small, so that trials take seconds."""

from __future__ import annotations

from dataclasses import replace

from torchvision.transforms.v2 import functional as F

from dada.datasets import Dataset, ImageSet

_SIDE = 64


def shrunk(dataset: Dataset) -> Dataset:
    """The same pictures, the longer side of 64 pixels at most; with a note if they were larger.

    Strengths are shares of an image's side or of its range of colours, so that a policy holds for
    the pictures as they were.
    """
    height, width = dataset.side
    factor = _SIDE / max(height, width)
    size = [max(1, round(factor * height)), max(1, round(factor * width))]
    if factor >= 1 or min(size) <= dataset.channels:
        return dataset

    def small(images: ImageSet) -> ImageSet:
        return replace(images, images=F.resize(images.images, size, antialias=True))

    note = f"tried at {size[0]}x{size[1]} pixels of {height}x{width}; --model tries at full size"
    return replace(
        dataset,
        train=small(dataset.train),
        test=small(dataset.test),
        notes=(*dataset.notes, note),
    )
