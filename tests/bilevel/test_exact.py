"""Exact rewards and hypergradients against closed forms and automatic differentiation."""

import pytest
import torch

from dada.bilevel import exact, exact_rewards
from tests.bilevel.algebra import dot, gradient


def test_rewards_equal_the_dot_product_with_each_images_gradient(problem):
    rewards = exact_rewards(problem.losses, problem.weights, problem.direction, problem.images)
    for i, value in enumerate(rewards.value):
        of_image = gradient(problem.losses(problem.weights, problem.images)[i], problem.weights)
        assert value.item() == pytest.approx(dot(of_image, problem.direction).item(), abs=1e-12)
    assert rewards.image_gradient is None


def test_the_image_gradient_equals_double_backward(problem):
    rewards = exact_rewards(
        problem.losses, problem.weights, problem.direction, problem.images, image_gradient=True
    )
    free = problem.images.clone().requires_grad_()
    total = gradient(problem.losses(problem.weights, free).sum(), problem.weights)
    (expected,) = torch.autograd.grad(dot(total, problem.direction), free)
    torch.testing.assert_close(rewards.image_gradient, expected, atol=1e-12, rtol=0)


def test_rewards_leave_no_gradient_behind(problem):
    exact_rewards(problem.losses, problem.weights, problem.direction, problem.images, True)
    assert all(w.grad is None for w in problem.weights.values())
    assert not problem.images.requires_grad


def test_the_hypergradient_of_a_quadratic_equals_its_closed_form():
    """min over d of ½‖w' − t‖², w' = w − ξ ∇w Σᵢ dᵢ ½‖w − aᵢ‖²: ∂/∂dᵢ = −ξ ⟨w' − t, w − aᵢ⟩."""
    torch.manual_seed(0)
    w, target = torch.randn(2, 4, dtype=torch.float64)
    anchors = torch.randn(7, 4, dtype=torch.float64)
    shares = torch.rand(7, dtype=torch.float64).requires_grad_()
    xi = 0.3

    def losses(weights, images):
        return 0.5 * (weights["w"] - images).square().sum(1)

    step = (shares.detach()[:, None] * (w - anchors)).sum(0)
    ahead = exact.ahead({"w": w}, {"w": step}, {}, xi)["w"]
    ours = -xi * exact.rewards(losses, {"w": w}, {"w": ahead - target}, anchors).value

    unrolled = w - xi * (shares[:, None] * (w - anchors)).sum(0)
    (automatic,) = torch.autograd.grad(0.5 * (unrolled - target).square().sum(), shares)
    closed = -xi * ((unrolled - target) * (w - anchors)).sum(1)
    torch.testing.assert_close(ours, closed, atol=1e-10, rtol=0)
    torch.testing.assert_close(ours, automatic, atol=1e-10, rtol=0)


@pytest.mark.parametrize("started", [True, False], ids=["with momentum", "first step"])
def test_the_hypergradient_of_a_network_equals_differentiation_through_the_unrolled_step(
    problem, started
):
    """L_val(w − ξ (Σᵢ dᵢ ∇ℓᵢ / B + λw + μ·buffer)) differentiated in the images' shares dᵢ, with
    momentum and weight decay, equals −ξ ρᵢ / B with v at the look-ahead; to 1e-10."""
    xi, momentum, decay = 0.4, 0.9, 0.05
    weights, images = problem.weights, problem.images
    buffers = problem.buffers if started else {}

    shares = torch.ones(len(images), dtype=torch.float64, requires_grad=True)
    weighted = gradient((shares * problem.losses(weights, images)).mean(), weights)
    unrolled = {
        name: w - xi * (weighted[name] + decay * w + momentum * buffers.get(name, 0.0))
        for name, w in weights.items()
    }
    (automatic,) = torch.autograd.grad(problem.validation(unrolled), shares)

    step = gradient(problem.losses(weights, images).mean(), weights)
    ahead = exact.ahead(weights, step, buffers, xi, momentum, decay)
    ahead = {name: w.detach().requires_grad_() for name, w in ahead.items()}
    direction = {n: v.detach() for n, v in gradient(problem.validation(ahead), ahead).items()}
    rho = exact.rewards(problem.losses, weights, direction, images).value
    torch.testing.assert_close(-xi / len(images) * rho, automatic, atol=1e-10, rtol=0)
    assert automatic.abs().min() > 1e-4, "far above the tolerance"
