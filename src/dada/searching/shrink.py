"""Large pictures made small, so that trials take seconds."""

from __future__ import annotations

from dataclasses import replace

from torchvision.transforms.v2 import functional as F

from dada.datasets import ImageSet
from dada.training.resolve import size_within


def shrunk(images: ImageSet, pixels: int) -> ImageSet:
    """The same pictures, the longer side of so many pixels at most, by bilinear resampling.

    Strengths are shares of an image's side or of its range of colours, so that a policy holds for
    the pictures as they were. Pictures with more channels than that leaves pixels stay as they are.
    """
    height, width = images.images.shape[2:]
    size = size_within((height, width), pixels)
    if size == (height, width) or min(size) <= images.images.shape[1]:
        return images
    return replace(images, images=F.resize(images.images, list(size), antialias=True))
