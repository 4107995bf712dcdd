"""Histogram tables by hand, and values between the steps."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageOps

from dada.ops import get
from dada.ops.tables import _every_stretch, auto_contrast, equalize, invert, posterize, solarize

from .images import by_kernel, by_pillow, noise, places

NOTHING = torch.zeros(1, dtype=torch.float64)


def row(*pixels: int) -> torch.Tensor:
    return torch.tensor(pixels, dtype=torch.uint8).view(1, 1, 1, -1)


def test_by_hand() -> None:
    assert torch.equal(auto_contrast(row(10, 20, 30), NOTHING), row(0, 127, 255))
    assert torch.equal(invert(row(0, 7, 255), NOTHING), row(255, 248, 0))
    assert torch.equal(solarize(row(0, 99, 100), NOTHING + 100), row(0, 99, 155))
    assert torch.equal(posterize(row(7, 16, 255), NOTHING + 4.9), row(0, 16, 240))


def test_too_few_pixels_to_equalize() -> None:
    images = noise(1, 3, 15, 15)
    assert torch.equal(equalize(images, NOTHING), images)


def test_equalize_clips_where_its_table_overflows() -> None:
    """254 pixels more than one step's worth push the last entries past 255."""
    images = torch.zeros(1, 1, 1, 600, dtype=torch.uint8)
    images[..., 509:] = 255
    where = places(1)
    theirs = by_pillow("Equalize", images, NOTHING, where)
    assert torch.equal(by_kernel("Equalize", images, NOTHING, where), theirs)
    assert theirs.max() == 255


def test_thresholds_and_bits_between_the_steps() -> None:
    for name, values in {
        "Solarize": [0, 0.5, 1, 127.5, 254.9, 255, 255.1, 256, -3, 300],
        "Posterize": [1, 3.99, 4.01, 7.999, 8],
    }.items():
        given = torch.tensor(values, dtype=torch.float64)
        images, where = noise(len(given), 3, 16, 16), places(len(given))
        theirs = by_pillow(name, images, given, where)
        assert torch.equal(by_kernel(name, images, given, where), theirs)


def test_words() -> None:
    assert get("Posterize").describe(5.7) == "5 bits"
    assert get("Solarize").describe(128) == "threshold 128"
    assert get("Invert").describe(0) == ""


def test_the_stretches_that_a_device_looks_up_are_pillows() -> None:
    every = _every_stretch(torch.device("cpu"))
    for low, high in [(0, 255), (0, 0), (255, 255), (7, 7), (3, 4), (10, 30), (1, 254), (100, 203)]:
        ramp = np.arange(low, high + 1, dtype=np.uint8)[None]
        stretched = np.asarray(ImageOps.autocontrast(Image.fromarray(ramp)))
        assert np.array_equal(every[low, high, low : high + 1].numpy(), stretched[0]), (low, high)


def test_bits_beyond_a_byte_are_the_nearest_that_it_has() -> None:
    """In the kernel, in Pillow and in words, whatever bounds a policy has."""
    given = torch.tensor([300, 8.5, 0.3, 0, -5, -1e6], dtype=torch.float64)
    images, where = noise(len(given), 3, 4, 4), places(len(given))
    theirs = by_pillow("Posterize", images, given, where)
    assert torch.equal(by_kernel("Posterize", images, given, where), theirs)
    assert torch.equal(theirs[:2], images[:2]) and torch.equal(theirs[2:], images[2:] & 128)
    assert get("Posterize").describe(300) == "8 bits" and get("Posterize").describe(-5) == "1 bits"
