"""The value of one factor with the derivative of another, and ShakeDrop's draws of both."""

import pytest
import torch
from torch.func import jvp, vjp

from dada.models.shake_drop import ShakeDrop, scale, uniform


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def value_and_factor(drop, x, seed):
    """What comes out at a seed, and what an upstream gradient of ones becomes."""
    torch.manual_seed(seed)
    x = x.clone().requires_grad_()
    out = drop(x)
    return out.detach(), torch.autograd.grad(out.sum(), x)[0]


def test_the_value_is_of_one_factor_and_the_derivative_of_the_other():
    x, dx = normal(2, 4, 3, 5, 5)
    value, derivative = torch.tensor([[0.2, -1, 1, 0], [0.9, 0.5, 1, 0.3]]).view(2, 4, 1, 1, 1)
    out, tangent = jvp(lambda x: scale(x, value, derivative), (x,), (dx,))
    torch.testing.assert_close(out, x * value)
    torch.testing.assert_close(tangent, dx * derivative)
    gradient = vjp(lambda x: scale(x, value, derivative), x)[1](dx)[0]
    torch.testing.assert_close(gradient, dx * derivative)


def test_reverse_over_forward_mode():
    """The exact look-ahead differentiates a tangent: the factor is a constant there too."""
    x, dx = normal(2, 4, 3)
    value, derivative = (
        torch.tensor([[0.2], [-1], [1], [0]]),
        torch.tensor([[0.9], [0.5], [1], [0]]),
    )
    x.requires_grad_()
    tangent = jvp(lambda x: scale(x.square(), value, derivative), (x,), (dx,))[1]
    (gradient,) = torch.autograd.grad(tangent.sum(), x)
    torch.testing.assert_close(gradient, 2 * dx * derivative)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_the_precision_is_that_of_the_branch(dtype):
    x = normal(8, 3, 4).to(dtype)
    torch.manual_seed(0)
    value, derivative = uniform(x), uniform(x)
    assert value.dtype == torch.float32
    out = scale(x, value, derivative)
    assert out.dtype == dtype
    # Two roundings of numbers no larger than the largest of x.
    bound = 3 * torch.finfo(dtype).eps * x.abs().max().item()
    torch.testing.assert_close(out.double(), x.double() * value, atol=bound, rtol=0)


@pytest.mark.parametrize("seed", range(8))
def test_shake_drop_in_closed_form(seed):
    x = normal(5, 3, 4, 4)
    out, factor = value_and_factor(ShakeDrop(keep=0.5), x, seed)
    torch.manual_seed(seed)
    b = float(torch.rand(1) < 0.5)
    alpha, beta = 2 * torch.rand(5, 1, 1, 1) - 1, torch.rand(5, 1, 1, 1)
    torch.testing.assert_close(out, (b + alpha - b * alpha) * x)
    torch.testing.assert_close(factor, (b + beta - b * beta).double().expand_as(x))


def test_a_batch_is_kept_or_dropped_as_one():
    """At p = 0.7, in 2000 calls, within 4 standard errors."""
    x = torch.ones(3, 1)
    torch.manual_seed(0)
    drop = ShakeDrop(keep=0.7)
    ones = torch.stack([(drop(x) == 1).all(1) for _ in range(2000)])
    assert torch.equal(ones.all(1), ones.any(1))
    assert abs(ones.all(1).double().mean().item() - 0.7) < 4 * (0.7 * 0.3 / 2000) ** 0.5


def test_dropped_images_get_uniform_factors_of_their_own():
    """Mean and variance of α in [−1, 1] and β in [0, 1], within 4 standard errors."""
    number = 10_000
    alpha, beta = value_and_factor(ShakeDrop(keep=0.0), torch.ones(number, 1), seed=0)
    assert alpha.min() >= -1 and alpha.max() <= 1 and alpha.unique().numel() > 0.99 * number
    assert beta.min() >= 0 and beta.max() <= 1 and beta.unique().numel() > 0.99 * number
    for found, mean, width in ((alpha, 0, 2), (beta, 0.5, 1)):
        deviation = width / 12**0.5
        assert abs(found.mean().item() - mean) < 4 * deviation / number**0.5
        # The fourth moment of a uniform number is 9/5 of its variance squared.
        assert abs(found.var().item() - deviation**2) < 4 * deviation**2 * (0.8 / number) ** 0.5
    assert abs(torch.corrcoef(torch.stack([alpha[:, 0], beta[:, 0]]))[0, 1]) < 4 / number**0.5


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.8])
def test_evaluation_is_the_mean_of_training(keep):
    """In 4000 calls, within 4 standard errors; the derivative's mean is p + (1 − p) / 2."""
    drop, x = ShakeDrop(keep), torch.full((1, 1), 3.0)
    torch.manual_seed(0)
    drawn = torch.tensor([drop(x).item() for _ in range(4000)])
    deviation = 3 * (keep + (1 - keep) / 3 - keep**2) ** 0.5
    expected = drop.eval()(x)
    torch.testing.assert_close(expected, keep * x)
    assert abs(drawn.mean() - expected.item()) < 4 * deviation / 4000**0.5


def test_a_branch_surely_kept_is_left_as_it_is():
    x = normal(5, 3)
    out, factor = value_and_factor(ShakeDrop(keep=1.0), x, seed=0)
    assert torch.equal(out, x)
    assert torch.equal(factor, torch.ones_like(x))
