"""Rewards and derivatives of draws, for a reward that is linear in the images."""

from dataclasses import replace

import pytest
import torch

from dada.augment import Pipeline, apply
from dada.policy import Scale, SearchSpace
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.one_step.gradients import ReinforceGradient
from dada.searching.methods.dada.one_step.outcome import (
    Batch,
    Outcome,
    pathwise,
    relaxed_derivatives,
    straight_through,
)

PIPELINE = Pipeline((0.5,), (0.25,), padding=0, flip=False)
PIXEL = 1 / 255 / 0.25  # what a byte is worth after normalisation
SIDE = 12


def make_batch(operations, count=24, length=2, draws=None, brightest=255):
    """`count` images under a draw each, or under `draws` draws shared evenly."""
    generator = torch.Generator().manual_seed(0)
    policy = PolicyDistribution(SearchSpace(operations, length, Scale("strength")))
    draws = draws or count
    sample = policy.sample(draws, generator)
    index = torch.arange(draws).repeat_interleave(count // draws)
    draw = policy.realise(sample, index, generator)
    images = torch.randint(
        brightest + 1, (count, 1, SIDE, SIDE), dtype=torch.uint8, generator=generator
    )
    augmented = PIPELINE.normalise(apply(images, draw))
    return Batch(sample, index, draw, images, augmented, torch.ones(1), PIPELINE.normalise, count)


def everything():
    return SearchSpace().for_channels(1).operations


@pytest.fixture
def batch():
    return make_batch(everything())


@pytest.fixture
def weights():
    """∂ reward / ∂ pixel, for 24 images."""
    return torch.randn(24, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def earned(batch, weights, draw):
    images = PIPELINE.normalise(apply(batch.original, draw))
    return (images * weights).flatten(1).sum(1).double()


def test_derivatives_in_the_bits_are_differences_of_the_reward(batch, weights):
    """A reward linear in the pixels is multilinear in the bits: flipping one is its derivative."""
    selection, applied = relaxed_derivatives(batch, weights)
    for k in range(2):
        on, off = batch.draw.applied.clone(), batch.draw.applied.clone()
        on[:, k], off[:, k] = True, False
        expected = earned(batch, weights, replace(batch.draw, applied=on)) - earned(
            batch, weights, replace(batch.draw, applied=off)
        )
        torch.testing.assert_close(applied[:, k], expected, atol=2e-4, rtol=0)
    nothing = replace(batch.draw, applied=torch.zeros_like(batch.draw.applied))
    expected = earned(batch, weights, batch.draw) - earned(batch, weights, nothing)
    torch.testing.assert_close(selection, expected, atol=2e-4, rtol=0)


def test_straight_through_takes_every_pixel_for_the_magnitude(batch, weights):
    found = straight_through(batch, weights)
    pixels = weights.flatten(1).sum(1, keepdim=True).double()
    torch.testing.assert_close(found, pixels.expand(-1, 2), atol=1e-5, rtol=0)


def test_one_draw_for_several_images_earns_their_mean():
    batch = make_batch(("ShearX", "Rotate"), count=6, draws=2)
    values = torch.arange(6.0)
    assert batch.per_draw(values).tolist() == [1, 4]
    weights = torch.ones_like(batch.augmented)
    along = straight_through(batch, weights)
    assert along.shape == (2, 2) and along.tolist() == [[SIDE**2] * 2] * 2


def test_rewards_reach_the_estimators_without_their_graph():
    """Whatever made them: an estimator cannot use a derivative that is not there."""
    batch = make_batch(("ShearX", "Rotate"), count=6)
    values = torch.ones(6, requires_grad=True).cumsum(0)
    assert not batch.per_draw(values).requires_grad
    assert batch.per_draw(values).tolist() == [1, 2, 3, 4, 5, 6]


def brightened(operations=("Brightness",), length=1):
    """Dark images under Brightness, which makes none of them white: factors are below 2.1."""
    return make_batch(operations, count=24, length=length, brightest=120)


def slope_of_the_value(batch):
    """Change of the factor per unit of magnitude: ±0.9, read off the draw's own value."""
    return (batch.draw.value[:, 0] - 1) / batch.sample.magnitude[:, 0]


def test_pathwise_brightness_equals_its_closed_form(weights):
    """A pixel is x · (1 ± 0.9 m), so the reward's derivative is ±0.9 Σ weight · x.

    Bytes are truncated: a side of the quotient over 1/8 is off by 0 to 1 levels, so a pixel's
    quotient by at most 8 and, as if uniform, 8/√6 in standard deviation. Tolerance: 4 of those
    over an image's independent pixels. Statistical.
    """
    batch, weights = brightened(), weights.abs()
    levels = (batch.original.double() * weights).flatten(1).sum(1) * PIXEL
    expected = slope_of_the_value(batch) * levels
    found = pathwise(batch, weights)[:, 0]
    applied = batch.draw.applied[:, 0]
    tolerance = 4 * 8 / 6**0.5 * PIXEL * weights.flatten(1).norm(dim=1)
    assert applied.any() and not applied.all()
    assert ((found - expected).abs() < tolerance)[applied].all()
    assert (found[~applied] == 0).all(), "what is not applied makes no difference"
    assert (tolerance < 0.05 * expected.abs())[applied].all(), "the tolerance is small"


def test_pathwise_equals_a_quotient_of_the_reward_itself(weights):
    """[reward(m + 1/16) − reward(m − 1/16)] / (1/8), with the pixels of other magnitudes."""
    batch = brightened()
    rewards = []
    for sign in (1, -1):
        value = batch.draw.value + sign / 16 * slope_of_the_value(batch)[:, None]
        rewards.append(earned(batch, weights, replace(batch.draw, value=value)))
    expected = (rewards[0] - rewards[1]) * 8
    found = pathwise(batch, weights)[:, 0]
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=0)


def test_pathwise_goes_through_what_follows(weights):
    """Inverted afterwards, an image that would get brighter gets darker."""
    batch = brightened(("Brightness", "Invert"), length=2)
    both = torch.ones_like(batch.draw.applied)
    alone = both.clone()
    alone[:, 1] = False
    found = []
    for applied in (both, alone):
        draw = replace(batch.draw, applied=applied)
        found.append(pathwise(replace(batch, draw=draw), weights)[:, 0])
    torch.testing.assert_close(found[0], -found[1], atol=1e-4, rtol=1e-4)
    assert found[0].abs().min() > 0


def test_there_is_no_derivative_but_of_the_four_that_blend(batch, weights):
    """Contrast, Brightness and Sharpness of one channel; the rest is NaN whether applied or not."""
    names = batch.draw.operations
    found = pathwise(batch, weights)
    blends = {names.index(n) for n in ("Contrast", "Brightness", "Sharpness")}
    smooth = torch.tensor([[o in blends for o in row] for row in batch.draw.operation.tolist()])
    assert torch.equal(found.isnan(), ~smooth) and smooth.any()
    for name in ("Rotate", "Posterize", "ShearX", "Invert"):
        there = batch.draw.operation == names.index(name)
        assert there.any() and found[there].isnan().all()


def test_a_search_learns_from_the_derivative_where_there_is_one_and_the_score_elsewhere():
    """Brightness and Rotate in one sub-policy: m (1 − m) · derivative for the one; the score,
    as without derivatives, for the other."""
    batch = brightened(("Brightness", "Rotate"), length=2)
    weights = torch.ones_like(batch.augmented)
    derivative = pathwise(batch, weights)
    advantage = torch.linspace(-1, 1, 24, dtype=torch.float64)
    strategy, sample = ReinforceGradient(), batch.sample
    found = strategy(sample, Outcome(advantage, magnitude_derivative=derivative)).magnitude
    m = sample.magnitude[:, 0]
    through = (derivative[:, 0] * m * (1 - m))[sample.applied[:, 0]].sum() / 24
    assert found[0, 0].item() == pytest.approx(through.item())
    score = strategy(sample, Outcome(advantage)).magnitude[0, 1]
    assert found[0, 1].item() == pytest.approx(score.item()) and score != 0


def test_one_draw_for_a_batch_has_the_mean_derivative():
    batch = make_batch(("Brightness",), count=6, length=1, draws=2, brightest=120)
    weights = torch.ones_like(batch.augmented)
    each = pathwise(
        replace(
            batch,
            index=torch.arange(6),
            sample=PolicyDistribution(SearchSpace(("Brightness",), 1)).sample(
                6, torch.Generator().manual_seed(0)
            ),
        ),
        weights,
    )
    shared = pathwise(batch, weights)
    torch.testing.assert_close(shared, each.view(2, 3, 1).mean(1), atol=1e-6, rtol=1e-6)
