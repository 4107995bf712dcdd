"""RELAX and Gumbel-Softmax against exact enumeration.

Statistical: every coordinate of the mean within 4 standard errors of the exact gradient, over
200,000 draws with a fixed seed.
"""

import pytest
import torch

from dada.estimators import (
    bernoulli,
    bernoulli_given,
    categorical,
    categorical_given,
    gumbel_softmax,
    open_uniform,
    relax,
    variance_objective,
)

DRAWS = 200_000
LOGITS = torch.tensor([0.4, -0.3, 0.1, 0.8], dtype=torch.float64)
VALUES = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)


def noise(*shape, seed=0):
    return open_uniform(shape, torch.Generator().manual_seed(seed))


def exact():
    """∇ of Σ p f by hand: p (f − E f)."""
    p = LOGITS.softmax(0)
    return p * (VALUES - (p * VALUES).sum())


def assert_unbiased(estimates, gradient):
    error = estimates.mean(0) - gradient
    standard_error = estimates.std(0) / len(estimates) ** 0.5
    assert (error.abs() < 4 * standard_error).all(), (error / standard_error).tolist()


def categorical_estimates(control, seed=0):
    rows = LOGITS.expand(DRAWS, 4).clone().requires_grad_()
    z = categorical(rows, noise(DRAWS, 4, seed=seed))
    index = z.detach().argmax(-1)
    given = categorical_given(rows, index, noise(DRAWS, 4, seed=seed + 1))
    log_p = rows.log_softmax(-1).gather(-1, index[:, None]).squeeze(-1)
    surrogate = relax(VALUES[index], log_p, control, z, given)
    (estimates,) = torch.autograd.grad(surrogate.sum(), rows)
    return estimates


def nothing(z):
    return 0.0 * z.sum(-1)


def informed(z):
    """A good control variate: the value at the relaxed draw."""
    return (z / 0.5).softmax(-1) @ VALUES


def useless(z):
    """A bad one, which must cost variance but no bias."""
    return 2 * z.sin().sum(-1)


@pytest.mark.parametrize("control", [nothing, informed, useless])
def test_relax_is_unbiased_for_any_control_variate(control):
    assert_unbiased(categorical_estimates(control), exact())


def test_a_good_control_variate_lowers_the_variance():
    reinforce = categorical_estimates(nothing).var(0).sum()
    assert categorical_estimates(informed).var(0).sum() < 0.9 * reinforce


def test_relax_of_a_bernoulli_is_unbiased():
    """f(0) = 1, f(1) = 4, so the gradient is 3 p (1 − p)."""
    rows = torch.full((DRAWS, 1), 0.7, dtype=torch.float64, requires_grad=True)
    z = bernoulli(rows, noise(DRAWS, 1))
    bit = z.detach() > 0
    given = bernoulli_given(rows, bit, noise(DRAWS, 1, seed=1))
    log_p = torch.nn.functional.logsigmoid(torch.where(bit, rows, -rows)).squeeze(1)
    reward = 1.0 + 3.0 * bit.squeeze(1).double()
    surrogate = relax(reward, log_p, lambda z: 1 + 3 * (2 * z).sigmoid().squeeze(1), z, given)
    (estimates,) = torch.autograd.grad(surrogate.sum(), rows)
    p = rows.detach()[0].sigmoid()
    assert_unbiased(estimates, 3 * p * (1 - p))


def test_the_rewards_derivative_is_not_used():
    """A reward that carries a graph gives the same estimate as its bare value."""
    rows = LOGITS.expand(8, 4).clone().requires_grad_()
    z = categorical(rows, noise(8, 4))
    index = z.detach().argmax(-1)
    given = categorical_given(rows, index, noise(8, 4, seed=1))
    log_p = rows.log_softmax(-1).gather(-1, index[:, None]).squeeze(-1)
    attached = VALUES[index] + 0 * (100 * rows).sum(-1)

    def estimate(reward):
        surrogate = relax(reward, log_p, informed, z, given).sum()
        return torch.autograd.grad(surrogate, rows, retain_graph=True)[0]

    torch.testing.assert_close(estimate(attached), estimate(attached.detach()), atol=0, rtol=0)


def test_the_variance_objective_teaches_a_scale():
    """Its gradient is that of the estimates' second moment, by a central difference."""
    rows = LOGITS.expand(1000, 4).clone().requires_grad_()
    z = categorical(rows, noise(1000, 4))
    index = z.detach().argmax(-1)
    given = categorical_given(rows, index, noise(1000, 4, seed=1))
    log_p = rows.log_softmax(-1).gather(-1, index[:, None]).squeeze(-1)

    def objective(scale):
        surrogate = relax(VALUES[index], log_p, lambda z: scale * informed(z), z, given)
        return variance_objective(surrogate, [rows])

    scale = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(objective(scale), scale)
    h = 1e-5
    difference = (objective(scale.detach() + h) - objective(scale.detach() - h)) / (2 * h)
    assert gradient.item() == pytest.approx(difference.item(), rel=1e-6)
    assert gradient < 0, "more of a good control variate lowers the variance"


def test_gumbel_softmax_has_the_right_direction_and_a_bias():
    """On a linear reward it estimates a smoothed gradient: ascent direction, but not the exact
    gradient. The bias is far beyond 4 standard errors: it is real, and stated."""
    rows = LOGITS.expand(DRAWS, 4).clone().requires_grad_()
    z = categorical(rows, noise(DRAWS, 4))
    surrogate = gumbel_softmax((z / 0.5).softmax(-1), VALUES.expand(DRAWS, 4))
    (estimates,) = torch.autograd.grad(surrogate.sum(), rows)
    mean, standard_error = estimates.mean(0), estimates.std(0) / DRAWS**0.5
    assert torch.cosine_similarity(mean, exact(), dim=0) > 0.95
    assert ((mean - exact()).abs() > 4 * standard_error).any()


def test_gumbel_softmax_carries_the_derivative_of_the_relaxation():
    logits = torch.tensor([0.2, -0.4], dtype=torch.float64, requires_grad=True)
    soft = (logits / 0.5).sigmoid()
    gumbel_softmax(soft, torch.tensor([3.0, -1.0])).backward()
    s = soft.detach()
    expected = torch.tensor([3.0, -1.0]) * s * (1 - s) / 0.5
    torch.testing.assert_close(logits.grad, expected, atol=1e-12, rtol=0)
