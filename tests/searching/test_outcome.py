"""Rewards and derivatives of draws, for a reward that is linear in the images."""

from dataclasses import replace

import pytest
import torch

from dada.augment import Pipeline, apply
from dada.bilevel import Rewards
from dada.policy import Scale, SearchSpace
from dada.searching.distribution import PolicyDistribution
from dada.searching.outcome import Batch, outcome

PIPELINE = Pipeline((0.5,), (0.25,), padding=0, flip=False)
COUNT = 24


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    policy = PolicyDistribution(SearchSpace(scale=Scale("strength")).without_color()[0])
    sample = policy.sample(COUNT, generator)
    index = torch.arange(COUNT)
    draw = policy.realise(sample, index, generator)
    images = torch.randint(256, (COUNT, 1, 9, 9), dtype=torch.uint8, generator=generator)
    return Batch(
        sample, index, draw, images, PIPELINE.normalise(apply(images, draw)), torch.ones(1)
    )


def test_derivatives_in_the_bits_are_differences_of_the_reward(batch):
    """A reward linear in the pixels is multilinear in the bits: flipping one is its derivative."""
    weights = torch.randn(COUNT, 1, 9, 9, generator=torch.Generator().manual_seed(1))

    def reward(draw):
        images = PIPELINE.normalise(apply(batch.original, draw))
        return (images * weights).flatten(1).sum(1).double()

    found = outcome(
        batch, Rewards(reward(batch.draw), weights), torch.tensor(2.0), PIPELINE, True, True
    )
    for k in range(2):
        on, off = batch.draw.applied.clone(), batch.draw.applied.clone()
        on[:, k], off[:, k] = True, False
        expected = reward(replace(batch.draw, applied=on)) - reward(
            replace(batch.draw, applied=off)
        )
        torch.testing.assert_close(found.applied_derivative[:, k], expected / 2, atol=1e-4, rtol=0)
    nothing = replace(batch.draw, applied=torch.zeros_like(batch.draw.applied))
    expected = reward(batch.draw) - reward(nothing)
    torch.testing.assert_close(found.selection_derivative, expected / 2, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.reward, reward(batch.draw) / 2)
    pixels = weights.flatten(1).sum(1, keepdim=True).double() / 2
    torch.testing.assert_close(found.magnitude_derivative, pixels.expand(-1, 2), atol=1e-5, rtol=0)


def test_one_draw_for_all_images_earns_their_mean(batch):
    shared = replace(batch, index=torch.zeros(COUNT, dtype=torch.long))
    sample = PolicyDistribution(batch_space()).sample(1, torch.Generator().manual_seed(0))
    shared = replace(shared, sample=sample)
    values = torch.arange(COUNT).float()
    found = outcome(shared, Rewards(values), torch.tensor(1.0), PIPELINE, False, False)
    assert found.reward.tolist() == [values.mean().item()]
    assert found.applied_derivative is None and found.magnitude_derivative is None


def batch_space():
    return SearchSpace(("ShearX", "Rotate"))
