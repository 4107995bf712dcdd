"""Estimates with a critic on a joint space, against exact enumeration.

Statistical: every coordinate of the mean within 4 standard errors of the exact gradient, over
200,000 draws with a fixed seed.
"""

import pytest
import torch

from dada.estimators import reinforce, with_critic
from tests.estimators.joint import (
    assert_unbiased,
    draws,
    enumerated,
    errors,
    exact_gradient,
    expectation,
    poison,
    reward,
)


def wrong(selection, bits):
    """A model that has nothing to do with the reward."""
    return 3 * (selection[..., 0] - bits[..., 1]).sin() + 4 * selection[..., 2] * bits[..., 0]


def rough(selection, bits):
    """A model that is right up to a third."""
    return reward(selection, bits) + 0.3 * wrong(selection, bits)


def estimates(drawn, model, correction, value=None):
    """The model's expectation is that of each draw's own parameters."""
    value = drawn.reward if value is None else value
    expected = expectation(enumerated(model), drawn.selection, drawn.bits)
    predicted = model(drawn.chosen, drawn.applied)
    surrogate = with_critic(value, predicted, drawn.log_probability, expected, correction)
    return drawn.estimates(surrogate)


@pytest.fixture(scope="module")
def drawn():
    return draws()


@pytest.mark.parametrize("model", [wrong, rough])
def test_with_full_correction_it_is_unbiased_for_any_model(drawn, model):
    assert_unbiased(estimates(drawn, model, 1.0), exact_gradient())


def test_a_better_model_lowers_the_variance(drawn):
    plain = drawn.estimates(reinforce(drawn.reward, drawn.log_probability)).var(0).sum()
    assert estimates(drawn, rough, 1.0).var(0).sum() < 0.2 * plain


@pytest.mark.parametrize("correction", [0.0, 0.5, 1.0])
def test_a_perfect_model_leaves_no_variance_at_all(correction):
    found = estimates(draws(1000), reward, correction)
    torch.testing.assert_close(found, exact_gradient().expand_as(found), atol=1e-12, rtol=0)


def test_without_correction_it_is_the_gradient_of_the_model():
    """Whatever the rewards are: the bias is that of the model, here all of it."""
    found = estimates(draws(1000), wrong, 0.0)
    torch.testing.assert_close(found, exact_gradient(wrong).expand_as(found), atol=1e-12, rtol=0)
    assert not torch.allclose(exact_gradient(wrong), exact_gradient(), atol=0.1)


def test_a_part_of_the_correction_leaves_that_part_of_the_models_bias(drawn):
    half = (exact_gradient() + exact_gradient(wrong)) / 2
    found = estimates(drawn, wrong, 0.5)
    assert_unbiased(found, half)
    assert errors(found, exact_gradient()).abs().max() > 20


def test_the_rewards_derivative_is_not_used():
    """Neither that of a reward that carries a graph, nor that of a prediction that does."""
    drawn = draws(64)
    attached = drawn.reward + poison(drawn.bits)
    with_graph = estimates(drawn, wrong, 1.0, attached)
    without = estimates(drawn, wrong, 1.0, attached.detach())
    assert torch.equal(with_graph, without) and with_graph.isfinite().all()
    predicted = wrong(drawn.chosen, drawn.applied) + poison(drawn.selection)
    nothing = torch.zeros((), dtype=torch.float64)
    surrogate = with_critic(drawn.reward, predicted, drawn.log_probability, nothing)
    bare = with_critic(drawn.reward, predicted.detach(), drawn.log_probability, nothing)
    assert torch.equal(drawn.estimates(surrogate), drawn.estimates(bare))
