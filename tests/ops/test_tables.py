"""Histogram tables by hand, and values between the steps."""

from __future__ import annotations

import torch

from dada.ops import get
from dada.ops.tables import auto_contrast, equalize, invert, posterize, solarize

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
