"""Every kernel gives Pillow's bytes: all levels of magnitude, all kinds of images."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dada.ops import get, names

from .images import by_kernel, by_pillow, degenerate, digits, levels, noise, photographs, places

pytestmark = pytest.mark.parametrize("name", [name for name in names() if get(name).pillow])


def check(name: str, images: Tensor, values: Tensor) -> None:
    where = places(len(values))
    ours, theirs = (f(name, images, values, where) for f in (by_kernel, by_pillow))
    wrong = (ours != theirs).flatten(1).any(1).nonzero().flatten().tolist()
    assert not wrong, f"{len(wrong)} images differ, the first at value {values[wrong[0]]!r}"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (8, 8), (19, 45), (50, 17)])
def test_noise_at_every_level(name: str, channels: int, height: int, width: int) -> None:
    values = levels(get(name))
    check(name, noise(len(values), channels, height, width), values)


@pytest.mark.parametrize("grey", [False, True])
def test_photographs_at_every_level(name: str, grey: bool) -> None:
    values = levels(get(name))
    check(name, photographs(len(values), 32, grey), values)


def test_digits_at_every_level(name: str) -> None:
    values = levels(get(name))
    check(name, digits(len(values)), values)


def test_large_photographs(name: str) -> None:
    values = levels(get(name), 16)
    check(name, photographs(len(values), 224), values)


@pytest.mark.slow
@pytest.mark.parametrize("grey", [False, True])
def test_large_photographs_at_every_level(name: str, grey: bool) -> None:
    values = levels(get(name))
    check(name, photographs(len(values), 224, grey), values)


@pytest.mark.slow
def test_values_that_are_no_levels(name: str) -> None:
    operation = get(name)
    unit = torch.rand(20_000, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    values = operation.low + unit * (operation.high - operation.low)
    check(name, noise(len(values), 3, 13, 16), values)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [1, 2, 3, 16, 23])
def test_degenerate_images(name: str, channels: int, side: int) -> None:
    images = degenerate(channels, side)
    for value in levels(get(name), 7):
        check(name, images, value.expand(len(images)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 7)])
def test_thin_images(name: str, shape: tuple[int, int]) -> None:
    values = levels(get(name), 31)
    check(name, noise(len(values), 3, *shape), values)
