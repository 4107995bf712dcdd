"""Shrink large images, so that trials take seconds."""

from __future__ import annotations

from dataclasses import replace

from torchvision.transforms.v2 import functional as F

from dada.datasets import ImageSet
from dada.training.resolve import size_within


def shrunk(images: ImageSet, pixels: int) -> ImageSet:
    """The same images with the longer side at most `pixels`, by bilinear resampling.

    Labels that go with the pixels are resized too. Strengths are relative to an image's side or
    range of colours, so a policy also holds for the images at full size. Images that would have no
    more pixels per side than channels stay as they are.
    """
    height, width = images.images.shape[2:]
    size = size_within((height, width), pixels)
    if size == (height, width) or min(size) <= images.images.shape[1]:
        return images
    return replace(
        images,
        images=F.resize(images.images, list(size), antialias=True),
        labels=images.task.resized(images.labels, size),
    )
