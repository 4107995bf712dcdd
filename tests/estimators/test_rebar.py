"""REBAR on a joint space, with a nonlinear polynomial as the reward of relaxed draws.

Statistical: every coordinate of the mean within 4 standard errors of the exact gradient, over
200,000 draws with a fixed seed.
"""

import pytest
import torch

from dada.estimators import rebar, reinforce, variance_objective
from tests.estimators.joint import (
    assert_unbiased,
    draws,
    enumerated,
    exact_gradient,
    expectation,
    poison,
    reward,
)


def surrogate(drawn, scale, value=None, temperature=0.5):
    """The selection beside the bits' noise, then the bits beside the chosen sub-policy."""
    value = drawn.reward if value is None else value
    noise = (drawn.noise_bits / temperature).sigmoid()
    selection = rebar(
        value,
        drawn.log_selection,
        lambda z: reward((z / temperature).softmax(-1), noise),
        drawn.z,
        drawn.z_given,
        scale,
    )
    bits = rebar(
        value,
        drawn.log_applied,
        lambda z: reward(drawn.chosen, (z / temperature).sigmoid()),
        drawn.z_bits,
        drawn.z_bits_given,
        scale,
    )
    return selection + bits


@pytest.fixture(scope="module")
def drawn():
    return draws()


@pytest.mark.parametrize(("scale", "temperature"), [(1.0, 0.5), (0.4, 0.1), (-2.0, 2.0)])
def test_rebar_is_unbiased_for_any_scale_and_temperature(drawn, scale, temperature):
    estimates = drawn.estimates(surrogate(drawn, scale, temperature=temperature))
    assert_unbiased(estimates, exact_gradient())


def test_rebar_has_less_variance_than_reinforce_on_the_same_draws(drawn):
    """Less than half of it, and still less where the mean reward is taken off beforehand."""
    variance = drawn.estimates(surrogate(drawn, 1.0)).var(0).sum()
    plain = drawn.estimates(reinforce(drawn.reward, drawn.log_probability)).var(0).sum()
    centred = drawn.reward - expectation(enumerated())
    assert variance < 0.5 * plain
    assert variance < drawn.estimates(reinforce(centred, drawn.log_probability)).var(0).sum()


def test_a_scale_of_zero_is_reinforce():
    drawn = draws(256)
    plain = drawn.estimates(reinforce(drawn.reward, drawn.log_probability))
    torch.testing.assert_close(drawn.estimates(surrogate(drawn, 0.0)), plain, atol=1e-12, rtol=0)


def test_the_scale_can_be_taught():
    """The second moment is a parabola in η, so three points give its slope and lowest point."""
    drawn = draws(3000, seed=1)
    scale = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)

    def second_moment(scale):
        return variance_objective(surrogate(drawn, scale), [drawn.selection, drawn.bits])

    low, middle, high = (second_moment(x).item() for x in (0.0, 0.5, 1.0))
    slope, bend = 4 * middle - 3 * low - high, 2 * (low - 2 * middle + high)
    (gradient,) = torch.autograd.grad(second_moment(scale), scale)
    assert gradient.item() == pytest.approx(slope, rel=1e-9) and slope < 0
    lowest = -slope / (2 * bend)
    assert 0.5 < lowest < 1.5 and second_moment(lowest) < min(low, middle)


def test_the_derivative_of_the_reward_of_the_draw_is_not_used():
    """f(b) counts by its value; only the relaxed rewards are differentiated."""
    drawn = draws(64)
    attached = drawn.reward + poison(drawn.selection)
    with_graph = drawn.estimates(surrogate(drawn, 0.7, attached))
    without = drawn.estimates(surrogate(drawn, 0.7, attached.detach()))
    assert torch.equal(with_graph, without) and with_graph.isfinite().all()
