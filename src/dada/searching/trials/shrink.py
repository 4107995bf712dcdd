"""Large pictures made small, so that trials take seconds."""

from __future__ import annotations

from dataclasses import replace

from torchvision.transforms.v2 import functional as F

from dada.datasets import ImageSet


def shrunk(images: ImageSet, pixels: int) -> ImageSet:
    """The same pictures, the longer side of so many pixels at most, by bilinear resampling.

    Strengths are shares of an image's side or of its range of colours, so that a policy holds for
    the pictures as they were. Pictures with more channels than that leaves pixels stay as they are.
    """
    height, width = images.images.shape[2:]
    factor = pixels / max(height, width)
    size = [max(1, round(factor * height)), max(1, round(factor * width))]
    if factor >= 1 or min(size) <= images.images.shape[1]:
        return images
    return replace(images, images=F.resize(images.images, size, antialias=True))
