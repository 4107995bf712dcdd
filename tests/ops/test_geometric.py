"""Geometry far outside the paper's range, and which way things move."""

from __future__ import annotations

import pytest
import torch

from dada.ops.geometric import rotate, shear_x, translate_x, translate_y

from .images import by_kernel, by_pillow, noise, places

ANGLES = [0, 45, 60, 90, 135, 180, 225, 270, 315, 360, 719.5, 1e-13, 89.999999, 179.9999999]
FRACTIONS = [0.5, 1.0, 1.5, 1 / 64, 3.5 / 224, 7.5 / 50, 0.1, 0.3, 0.999999, 1e-12]
FACTORS = [0.5, 1, 2, 10, 1 / 3, 1e-9]


@pytest.mark.parametrize("shape", [(32, 32), (17, 17), (50, 21), (9, 64), (1, 5)])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Rotate", ANGLES),
        ("TranslateX", FRACTIONS),
        ("TranslateY", FRACTIONS),
        ("ShearX", FACTORS),
        ("ShearY", FACTORS),
    ],
)
def test_pillow_bytes_far_outside_the_range(
    name: str, values: list[float], shape: tuple[int, int]
) -> None:
    both = torch.tensor([*values, *(-v for v in values)], dtype=torch.float64)
    images = noise(len(both), 3, *shape)
    where = places(len(both))
    assert torch.equal(by_kernel(name, images, both, where), by_pillow(name, images, both, where))


@pytest.mark.parametrize("side", [32, 100, 224, 300])
def test_translations_a_rounding_error_from_half_a_pixel(side: int) -> None:
    """Where the order of Pillow's additions decides which pixel is nearest."""
    exact = torch.arange(-side, side, 7, dtype=torch.float64) + 0.5
    shifts = torch.cat([exact + ulps * exact * 2.0**-52 for ulps in range(-8, 9)])
    images = noise(len(shifts), 1, side, 2)
    where = places(len(shifts))
    ours, theirs = (f("TranslateY", images, shifts / side, where) for f in (by_kernel, by_pillow))
    assert torch.equal(ours, theirs)


def test_directions() -> None:
    image = torch.zeros(1, 1, 5, 5, dtype=torch.uint8)
    image[0, 0, 2, 3] = 255

    def lit(result: torch.Tensor) -> list[int]:
        return result[0, 0].nonzero().flatten().tolist()

    def one(value: float) -> torch.Tensor:
        return torch.tensor([value], dtype=torch.float64)

    assert lit(translate_x(image, one(0.2))) == [2, 2]
    assert lit(translate_y(image, one(0.2))) == [1, 3]
    assert lit(rotate(image, one(90.0))) == [1, 2]
    assert lit(shear_x(image, one(0.4))) == [2, 2]
