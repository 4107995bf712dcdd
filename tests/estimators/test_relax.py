"""RELAX on a joint space, against exact enumeration.

Statistical: every coordinate of the mean within 4 standard errors of the exact gradient, over
200,000 draws with a fixed seed.
"""

import pytest
import torch
from torch import nn

from dada.estimators import bernoulli, bernoulli_given, open_uniform, reinforce, relax
from dada.estimators import variance_objective as objective_of
from tests.estimators.joint import (
    DRAWS,
    K,
    S,
    assert_unbiased,
    draws,
    exact_gradient,
    poison,
    reward,
)

TEMPERATURE = 0.5


def surrogate(drawn, control, value=None):
    """The selection beside the bits' noise, then the bits beside the chosen sub-policy.

    `control` takes a point of the simplex (N, S) and bits in (0, 1) (N, K).
    """
    value = drawn.reward if value is None else value
    noise = (drawn.noise_bits / TEMPERATURE).sigmoid()
    selection = relax(
        value,
        drawn.log_selection,
        lambda z: control((z / TEMPERATURE).softmax(-1), noise),
        drawn.z,
        drawn.z_given,
    )
    bits = relax(
        value,
        drawn.log_applied,
        lambda z: control(drawn.chosen, (z / TEMPERATURE).sigmoid()),
        drawn.z_bits,
        drawn.z_bits_given,
    )
    return selection + bits


def nothing(selection, bits):
    return 0.0 * (selection.sum(-1) + bits.sum(-1))


def useless(selection, bits):
    """A bad one, which must cost variance but no bias."""
    return 4 * (5 * selection).sin().sum(-1) * (3 * bits).cos().prod(-1)


@pytest.fixture(scope="module")
def drawn():
    return draws()


@pytest.fixture(scope="module")
def with_taught(drawn):
    """Estimates with a small network that minimised their second moment on other draws."""
    torch.manual_seed(0)
    features = S * (K + 1)
    network = nn.Sequential(nn.Linear(features, 16), nn.Tanh(), nn.Linear(16, 1)).double()

    def control(selection, bits):
        pairs = (selection[:, :, None] * bits[:, None, :]).flatten(1)
        return network(torch.cat([selection, pairs], 1)).squeeze(1)

    optimiser = torch.optim.Adam(network.parameters(), 0.03)
    for step in range(100):
        some = draws(250, seed=100 + step)
        optimiser.zero_grad()
        loss = objective_of(surrogate(some, control), [some.selection, some.bits])
        loss.backward(inputs=list(network.parameters()))
        optimiser.step()
    return drawn.estimates(surrogate(drawn, control))


@pytest.mark.parametrize("control", [nothing, reward, useless])
def test_relax_is_unbiased_for_any_control_variate(drawn, control):
    assert_unbiased(drawn.estimates(surrogate(drawn, control)), exact_gradient())


def test_relax_is_unbiased_with_a_taught_control_variate(with_taught):
    assert_unbiased(with_taught, exact_gradient())


def test_a_taught_control_variate_has_less_variance_than_reinforce_on_the_same_draws(
    drawn, with_taught
):
    plain = drawn.estimates(reinforce(drawn.reward, drawn.log_probability)).var(0).sum()
    assert with_taught.var(0).sum() < 0.4 * plain
    assert drawn.estimates(surrogate(drawn, useless)).var(0).sum() > plain


def test_without_a_control_variate_it_is_reinforce():
    drawn = draws(256)
    plain = drawn.estimates(reinforce(drawn.reward, drawn.log_probability))
    found = drawn.estimates(surrogate(drawn, nothing))
    torch.testing.assert_close(found, plain, atol=1e-12, rtol=0)


def test_relax_of_a_bernoulli_is_unbiased():
    """f(0) = 1, f(1) = 4, so the gradient is 3 p (1 − p)."""
    rows = torch.full((DRAWS, 1), 0.7, dtype=torch.float64, requires_grad=True)
    generator = torch.Generator().manual_seed(0)
    z = bernoulli(rows, open_uniform((DRAWS, 1), generator))
    bit = z.detach() > 0
    given = bernoulli_given(rows, bit, open_uniform((DRAWS, 1), generator))
    log_p = torch.nn.functional.logsigmoid(torch.where(bit, rows, -rows)).squeeze(1)
    value = 1.0 + 3.0 * bit.squeeze(1).double()
    found = relax(value, log_p, lambda z: 1 + 3 * (2 * z).sigmoid().squeeze(1), z, given)
    (estimates,) = torch.autograd.grad(found.sum(), rows)
    p = rows.detach()[0].sigmoid()
    assert_unbiased(estimates, 3 * p * (1 - p))


def test_the_rewards_derivative_is_not_used():
    """A reward that carries a graph, with a derivative that is no number, counts by its value."""
    drawn = draws(64)
    attached = drawn.reward + poison(drawn.selection) + poison(drawn.bits)
    with_graph = drawn.estimates(surrogate(drawn, reward, attached))
    without = drawn.estimates(surrogate(drawn, reward, attached.detach()))
    assert torch.equal(with_graph, without) and with_graph.isfinite().all()


def test_the_variance_objective_teaches_a_scale():
    """Its gradient is that of the estimates' second moment, by a central difference."""
    drawn = draws(1000)

    def objective(scale):
        scaled = surrogate(drawn, lambda s, b: scale * reward(s, b))
        return objective_of(scaled, [drawn.selection, drawn.bits])

    scale = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(objective(scale), scale)
    h = 1e-5
    difference = (objective(scale.detach() + h) - objective(scale.detach() - h)) / (2 * h)
    assert gradient.item() == pytest.approx(difference.item(), rel=1e-6)
    assert gradient < 0, "more of a good control variate lowers the variance"
    second_moment = drawn.estimates(surrogate(drawn, nothing)).square().sum(1).mean()
    assert objective(0.0).item() == pytest.approx(second_moment.item(), rel=1e-12)
