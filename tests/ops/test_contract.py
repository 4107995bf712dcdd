"""What holds for every registered operation, whatever it does."""

from __future__ import annotations

import itertools

import pytest
import torch

from dada.ops import get, names

from .images import by_kernel, levels, noise, places

pytestmark = pytest.mark.parametrize("name", names())


@pytest.mark.parametrize("channels", [1, 3])
def test_shape_type_and_layout(name: str, channels: int) -> None:
    values = levels(get(name), 5)
    images = noise(len(values), channels, 12, 20)
    for layout in (torch.contiguous_format, torch.channels_last):
        given = images.contiguous(memory_format=layout)
        result = by_kernel(name, given, values, places(len(values)))
        assert result.dtype == torch.uint8
        assert result.shape == images.shape
        assert result.is_contiguous()
        assert torch.equal(result, by_kernel(name, images, values, places(len(values))))


def test_arguments_are_left_alone(name: str) -> None:
    values = levels(get(name), 9)
    where = places(len(values))
    images = noise(len(values), 3, 16, 16)
    before = images.clone(), values.clone(), where.clone()
    result = by_kernel(name, images, values, where)
    assert all(torch.equal(a, b) for a, b in zip((images, values, where), before, strict=True))
    result.zero_()
    assert torch.equal(images, before[0]), "the result shares memory with the images"


def test_empty_batch(name: str) -> None:
    result = by_kernel(name, noise(0, 3, 8, 8), torch.empty(0).double(), torch.empty(0, 2).double())
    assert result.shape == (0, 3, 8, 8)
    assert result.dtype == torch.uint8


@pytest.mark.parametrize("size", [(0, 0), (0, 3), (3, 0)])
def test_images_without_pixels(name: str, size: tuple[int, int]) -> None:
    for count, channels in itertools.product((0, 1, 2), (1, 2, 3)):
        images = noise(count, channels, *size)
        for value in levels(get(name), 2):
            result = by_kernel(name, images, value.expand(count), places(count))
            assert result.shape == images.shape and result.dtype == torch.uint8


def test_each_row_is_its_own(name: str) -> None:
    values = levels(get(name), 8)
    images, where = noise(len(values), 3, 15, 11), places(len(values), seed=2)
    together = by_kernel(name, images, values, where)
    alone = [
        by_kernel(name, images[i : i + 1], values[i : i + 1], where[i : i + 1])
        for i in range(len(values))
    ]
    assert torch.equal(together, torch.cat(alone))


def test_identity_changes_nothing(name: str) -> None:
    identity = get(name).identity
    if identity is None:
        pytest.skip("no value changes nothing")
    images = noise(6, 3, 16, 16)
    values = torch.full((6,), identity, dtype=torch.float64)
    assert torch.equal(by_kernel(name, images, values, places(6)), images)


def test_the_value_matters_only_with_a_magnitude(name: str) -> None:
    operation = get(name)
    images = noise(4, 3, 16, 16)
    low, high = (
        by_kernel(name, images, torch.full((4,), value, dtype=torch.float64), places(4))
        for value in (operation.low, operation.low + 0.9 * (operation.high - operation.low))
    )
    assert torch.equal(low, high) != operation.has_magnitude


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_images_other_than_rgb_are_unchanged_exactly_if_rgb_only(name: str, channels: int) -> None:
    images = noise(4, channels, 16, 16)
    operation = get(name)
    value = operation.high if operation.low == operation.identity else operation.low
    values = torch.full((4,), value, dtype=torch.float64)
    unchanged = torch.equal(by_kernel(name, images, values, places(4)), images)
    assert unchanged == get(name).rgb_only


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_of_other_images_each_channel_is_a_grey_image(name: str, channels: int) -> None:
    if name == "Contrast":
        pytest.skip("has one mean for all channels: see test_blends")
    values = levels(get(name), 3)
    images, where = noise(len(values), channels, 8, 9), places(len(values))
    each = [by_kernel(name, images[:, [c]], values, where) for c in range(channels)]
    assert torch.equal(by_kernel(name, images, values, where), torch.cat(each, 1))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_same_bytes_on_cuda(name: str) -> None:
    values = levels(get(name))
    images, where = noise(len(values), 3, 32, 32), places(len(values))
    there = by_kernel(name, images.cuda(), values, where)
    assert there.is_cuda
    assert torch.equal(there.cpu(), by_kernel(name, images, values, where))


def test_described_in_words(name: str) -> None:
    operation = get(name)
    words = operation.describe((operation.low + operation.high) / 2)
    assert bool(words) == operation.has_magnitude
    assert "-0 " not in operation.describe(-0.0)
