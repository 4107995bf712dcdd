"""Random images for timing, as speed does not depend on their contents."""

import torch

from dada.datasets import Dataset, ImageSet


def noise(count: int, side: int) -> Dataset:
    """Random images of 3 × side × side pixels in ten classes."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 3, side, side), dtype=torch.uint8, generator=generator)
    train = ImageSet(images, torch.arange(count) % 10)
    return Dataset("noise", train, train.subset(torch.arange(10)), tuple("0123456789"))
