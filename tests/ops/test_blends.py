"""Blends outside the paper's range, and every pair of bytes at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from .images import by_kernel, by_pillow, noise, photographs, places

FACTORS = torch.tensor([-1, 0, 1e-9, 0.1, 1 / 3, 0.999999999, 1, 1.000001, 2, 5, 300]).double()


@pytest.mark.parametrize("name", ["Contrast", "Color", "Brightness", "Sharpness"])
@pytest.mark.parametrize("grey", [False, True])
def test_pillow_bytes_outside_the_range(name: str, grey: bool) -> None:
    images, where = photographs(len(FACTORS), 40, grey), places(len(FACTORS))
    theirs = by_pillow(name, images, FACTORS, where)
    assert torch.equal(by_kernel(name, images, FACTORS, where), theirs)


def test_grey_of_many_colors() -> None:
    """A factor of 0 is the grey image itself."""
    images, nothing, where = noise(1, 3, 1000, 1000), torch.zeros(1).double(), places(1)
    theirs = by_pillow("Color", images, nothing, where)
    assert torch.equal(by_kernel("Color", images, nothing, where), theirs)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_contrast_of_other_images_blends_with_the_mean_of_all_channels(channels: int) -> None:
    images = noise(8, channels, 7, 9)
    values = torch.linspace(0.1, 1.9, 8, dtype=torch.float64)
    results = by_kernel("Contrast", images, values, places(8))
    for image, value, result in zip(images, values.tolist(), results, strict=True):
        mean = int(image.double().mean() + 0.5)
        for plane, blended in zip(image, result, strict=True):
            grey = Image.fromarray(plane.numpy())
            expected = Image.blend(Image.new("L", grey.size, mean), grey, value)
            assert np.array_equal(np.asarray(expected), blended.numpy())


def test_smoothing_rounds_every_sum_as_pillow_does() -> None:
    """A factor of 0 is the smoothed image itself; all 3,316 sums are met."""
    total = torch.arange(13 * 255 + 1)
    centre, rest = total.clamp(max=5 * 255) // 5, total - total.clamp(max=5 * 255) // 5 * 5
    blocks = torch.stack([(rest - 255 * i).clamp(0, 255) for i in range(8)], 1)
    blocks = torch.cat([blocks[:, :4], centre[:, None], blocks[:, 4:]], 1)
    images = blocks.view(-1, 1, 3, 3).to(torch.uint8)
    weighted = images.long().sum((1, 2, 3)) + 4 * images[:, 0, 1, 1].long()
    assert torch.equal(weighted, total)
    nothing, where = torch.zeros(len(images)).double(), places(len(images))
    theirs = by_pillow("Sharpness", images, nothing, where)
    assert torch.equal(by_kernel("Sharpness", images, nothing, where), theirs)
