"""REINFORCE, without and with baselines, against exact enumeration of a joint space.

Statistical: every coordinate of the mean within 4 standard errors of the exact gradient, over
200,000 draws (with baselines, 200,000 of them in independent small batches) with a fixed seed.
"""

from functools import partial

import pytest
import torch

from dada.estimators import leave_one_out, reinforce
from tests.estimators.joint import DRAWS, K, S, assert_unbiased, draws, exact_gradient, poison

IMAGES = 8
LEVEL = torch.linspace(2, 14, IMAGES, dtype=torch.float64)
SIZE = torch.linspace(0.5, 1.5, IMAGES, dtype=torch.float64)


@pytest.fixture(scope="module")
def drawn():
    return draws()


def test_reinforce_is_unbiased(drawn):
    estimates = drawn.estimates(reinforce(drawn.reward, drawn.log_probability))
    assert_unbiased(estimates, exact_gradient())


def test_only_the_bits_of_the_chosen_sub_policy_enter_the_score(drawn):
    estimates = drawn.estimates(reinforce(drawn.reward, drawn.log_probability))
    bits = estimates[:, S:].view(-1, S, K)
    assert (drawn.reward != 0).all()
    assert ((bits != 0) == (drawn.chosen > 0)[:, :, None]).all()


def per_batch(drawn, views, baseline):
    """Estimates of whole batches of V views of B images, whose rewards have levels and sizes of
    their own, and the exact gradient of their mean reward."""
    shape = (-1, views, IMAGES)
    rewards = LEVEL + SIZE * drawn.reward.view(shape)
    advantage = (rewards - baseline(rewards)).flatten()
    estimates = drawn.estimates(reinforce(advantage, drawn.log_probability))
    return estimates.view(-1, views * IMAGES, S + S * K).mean(1), SIZE.mean() * exact_gradient()


def nothing(rewards):
    return torch.zeros_like(rewards)


def others(rewards, resemblance=1.0):
    return torch.vmap(partial(leave_one_out, resemblance=resemblance))(rewards)


def level_of_the_image(rewards):
    """A baseline for every image that is known beforehand."""
    return LEVEL.expand_as(rewards)


@pytest.mark.parametrize(
    ("views", "baseline"),
    [
        (1, others),
        (1, level_of_the_image),
        (2, others),
        (2, partial(others, resemblance=0.6)),
        (4, partial(others, resemblance=0.6)),
        (4, partial(others, resemblance=0.0)),
    ],
    ids=["images", "per image", "2 views", "2 views, 0.6", "4 views, 0.6", "4 views, 0"],
)
def test_a_baseline_of_other_draws_adds_no_bias_and_lowers_the_variance(drawn, views, baseline):
    estimates, exact = per_batch(drawn, views, baseline)
    assert len(estimates) * views * IMAGES == DRAWS
    assert_unbiased(estimates, exact)
    plain, _ = per_batch(drawn, views, nothing)
    assert estimates.var(0).sum() < 0.8 * plain.var(0).sum()


def test_views_of_an_image_tell_more_than_other_images_where_levels_differ(drawn):
    """The levels' variance is some ten times that of a draw, so r is near 1."""
    by_views, _ = per_batch(drawn, 2, others)
    by_images, _ = per_batch(drawn, 2, partial(others, resemblance=0.0))
    assert by_views.var(0).sum() < 0.7 * by_images.var(0).sum()


def test_a_baseline_that_contains_its_own_reward_would_be_biased(drawn):
    """That the check above can fail: with the mean of all 8 rewards, 1/8 of the gradient goes."""
    with pytest.raises(AssertionError):
        assert_unbiased(*per_batch(drawn, 1, lambda r: r.mean((1, 2), keepdim=True).expand_as(r)))


def test_the_rewards_derivative_is_not_used():
    """A reward that carries a graph, with a derivative that is no number, counts by its value."""
    drawn = draws(64)
    attached = drawn.reward + poison(drawn.bits)
    assert torch.autograd.grad(attached.sum(), drawn.bits, retain_graph=True)[0].isnan().all()
    with_graph = drawn.estimates(reinforce(attached, drawn.log_probability))
    without = drawn.estimates(reinforce(attached.detach(), drawn.log_probability))
    assert torch.equal(with_graph, without) and with_graph.isfinite().all()
