"""Cutout at places and sizes where rounding decides."""

from __future__ import annotations

import pytest
import torch

from dada.ops.erasing import cutout

from .images import by_kernel, by_pillow, noise, places


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(32, 32), (20, 40), (40, 20), (1, 3)])
def test_pillow_bytes_at_many_places(channels: int, shape: tuple[int, int]) -> None:
    sizes = [-0.1, 0, 1e-9, 0.01, 1 / 32, 0.05, 0.1, 0.125, 0.2, 0.5, 1, 3]
    values = torch.tensor(sizes, dtype=torch.float64).repeat_interleave(40)
    images, where = noise(len(values), channels, *shape), places(len(values), seed=3)
    theirs = by_pillow("Cutout", images, values, where)
    assert torch.equal(by_kernel("Cutout", images, values, where), theirs)


def test_by_hand() -> None:
    """A square of 4 about (10, 10) goes from 8 to 12, both ends painted."""
    value = torch.tensor([0.2], dtype=torch.float64)
    place = torch.tensor([[0.5, 0.5]], dtype=torch.float64)
    result = cutout(torch.zeros(1, 3, 20, 20, dtype=torch.uint8), value, place)
    assert result[0, :, 10, 10].tolist() == [125, 123, 114]
    painted = result[0, 0].nonzero()
    assert painted.amin(0).tolist() == [8, 8]
    assert painted.amax(0).tolist() == [12, 12]
    grey = cutout(torch.zeros(1, 1, 20, 20, dtype=torch.uint8), value, place)
    assert grey[0, 0, 10, 10] == 123
