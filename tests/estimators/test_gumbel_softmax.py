"""Straight-through Gumbel-Softmax: what it estimates, and by how much that is not the gradient.

Statistical tests: 200,000 draws with a fixed seed; in standard errors of the mean.
"""

import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit

from dada.estimators import bernoulli, gumbel_softmax, open_uniform, reinforce
from tests.estimators.joint import DRAWS, draws, errors, exact_gradient, reward


@pytest.fixture(scope="module")
def drawn():
    return draws()


def estimates(drawn, temperature):
    """The derivatives are those of the polynomial reward at the discrete draw."""
    at = drawn.chosen.clone().requires_grad_(), drawn.applied.clone().requires_grad_()
    in_selection, in_bits = torch.autograd.grad(reward(*at).sum(), at)
    selection = gumbel_softmax((drawn.z / temperature).softmax(-1), in_selection)
    bits = gumbel_softmax((drawn.z_bits / temperature).sigmoid(), in_bits)
    return drawn.estimates(selection + bits)


@pytest.mark.parametrize(("temperature", "share"), [(0.1, 0.19), (0.5, 0.27), (2.0, 0.53)])
def test_it_is_biased_at_every_temperature(drawn, temperature, share):
    """On a nonlinear reward some coordinate is off by more than 15 standard errors: the bias is
    real. Its length is a fifth of the gradient's at temperature 0.1, a quarter at the paper's
    0.5, half at 2; the direction is still one of ascent."""
    found, exact = estimates(drawn, temperature), exact_gradient()
    assert errors(found, exact).abs().max() > 15
    bias = found.mean(0) - exact
    assert (bias.norm() / exact.norm()).item() == pytest.approx(share, abs=0.03)
    assert torch.cosine_similarity(found.mean(0), exact, dim=0) > 0.85


def test_what_it_pays_bias_for_is_variance(drawn):
    plain = drawn.estimates(reinforce(drawn.reward, drawn.log_probability)).var(0).sum()
    assert estimates(drawn, 0.5).var(0).sum() < 0.6 * plain


def test_it_carries_the_derivative_of_the_relaxation():
    logits = torch.tensor([0.2, -0.4], dtype=torch.float64, requires_grad=True)
    soft = (logits / 0.5).sigmoid()
    gumbel_softmax(soft, torch.tensor([3.0, -1.0])).backward()
    s = soft.detach()
    expected = torch.tensor([3.0, -1.0]) * s * (1 - s) / 0.5
    torch.testing.assert_close(logits.grad, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 2.0])
def test_its_mean_for_a_bernoulli_equals_an_integral(temperature):
    """Statistical, 4 standard errors: of c ∂σ(z/τ)/∂θ over logistic noise, by quadrature.

    For the linear reward c·b the exact gradient is c p (1 − p). The integral tends to it as the
    temperature falls; at others it is off."""
    logit, slope = 0.7, 3.0

    def integrand(x):
        soft = expit((logit + x) / temperature)
        return slope * soft * (1 - soft) / temperature * expit(x) * expit(-x)

    integral = quad(integrand, -30, 30, points=[-logit, 0], limit=500)[0]
    rows = torch.full((DRAWS, 1), logit, dtype=torch.float64, requires_grad=True)
    noise = open_uniform((DRAWS, 1), torch.Generator().manual_seed(0))
    soft = (bernoulli(rows, noise) / temperature).sigmoid()
    surrogate = gumbel_softmax(soft, torch.tensor([slope]))
    (found,) = torch.autograd.grad(surrogate.sum(), rows)
    assert errors(found, integral).abs() < 4
    exact = slope * expit(logit) * expit(-logit)
    assert (abs(integral / exact - 1) < 0.005) == (temperature < 0.1)
