"""Draws from a policy, at the edges of their noise."""

import pytest
import torch

from dada.augment.sampler import Sampler
from dada.policy import Operation, Policy, Scale, SubPolicy


@pytest.mark.parametrize("below_one", [1 - 2**-53, 0.0])
def test_the_largest_and_the_least_noise_choose_a_sub_policy(monkeypatch, below_one):
    """Ten tenths add up to less than 1 in floating point."""
    parts = tuple(SubPolicy((Operation("Rotate", 1.0, 0.5),)) for _ in range(10))
    sampler = Sampler(Policy(parts))
    monkeypatch.setattr(
        torch, "rand", lambda *shape, **given: torch.full(shape, below_one, dtype=torch.float64)
    )
    assert len(sampler(3)) == 3 and len(sampler.one()) <= 1


@pytest.mark.parametrize("magnitude", [0.0, 0.3, 1.0])
def test_a_fixed_magnitude_is_exactly_itself(magnitude):
    fixed = SubPolicy((Operation("Posterize", 1.0, magnitude),))
    sampler = Sampler(Policy((fixed,), Scale("paper")))
    value = 4 + (8 - 4) * magnitude
    assert sampler(5).value.flatten().tolist() == [value] * 5
    assert [chosen[1] for chosen in sampler.one()] == [value]
