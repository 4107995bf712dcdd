"""Hypergradients against a closed form, automatic differentiation and torch's own SGD."""

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from dada.bilevel import exact_rewards, finite_difference_rewards, look_ahead


@pytest.fixture
def problem():
    """A small smooth network in float64, images, labels and a direction."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    images = torch.randn(6, 3, 2, 2, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    weights = dict(model.named_parameters())
    direction = {name: torch.randn_like(w) for name, w in weights.items()}

    def losses(w, x):
        return cross_entropy(functional_call(model, w, (x,)), labels, reduction="none")

    return losses, weights, direction, images


def test_rewards_equal_the_dot_product_with_each_images_gradient(problem):
    losses, weights, direction, images = problem
    rewards = exact_rewards(losses, weights, direction, images)
    for i, value in enumerate(rewards.value):
        gradient = torch.autograd.grad(losses(weights, images)[i], list(weights.values()))
        dot = sum((g * d).sum() for g, d in zip(gradient, direction.values(), strict=True))
        assert value.item() == pytest.approx(dot.item(), abs=1e-12)
    assert rewards.image_gradient is None


def test_the_image_gradient_equals_double_backward(problem):
    losses, weights, direction, images = problem
    rewards = exact_rewards(losses, weights, direction, images, image_gradient=True)
    free = images.clone().requires_grad_()
    gradient = torch.autograd.grad(
        losses(weights, free).sum(), list(weights.values()), create_graph=True
    )
    dot = sum((g * d).sum() for g, d in zip(gradient, direction.values(), strict=True))
    (expected,) = torch.autograd.grad(dot, free)
    torch.testing.assert_close(rewards.image_gradient, expected, atol=1e-12, rtol=0)


def test_the_finite_difference_is_of_second_order(problem):
    losses, weights, direction, images = problem
    exact = exact_rewards(losses, weights, direction, images, image_gradient=True)

    def error(radius):
        near = finite_difference_rewards(losses, weights, direction, images, True, radius)
        return (
            (near.value - exact.value).norm().item(),
            (near.image_gradient - exact.image_gradient).norm().item(),
        )

    for coarse, fine in zip(error(0.2), error(0.1), strict=True):
        assert coarse / fine == pytest.approx(4, rel=0.05)


def test_rewards_leave_no_gradient_behind(problem):
    losses, weights, direction, images = problem
    exact_rewards(losses, weights, direction, images, image_gradient=True)
    finite_difference_rewards(losses, weights, direction, images, True)
    assert all(w.grad is None for w in weights.values()) and not images.requires_grad


def test_the_look_ahead_is_the_optimisers_own_step():
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(5, dtype=torch.float64))
    sgd = torch.optim.SGD([weight], lr=0.1, momentum=0.9, weight_decay=0.01)
    for _ in range(3):
        gradient = {"w": torch.randn(5, dtype=torch.float64)}
        buffer = sgd.state[weight].get("momentum_buffer")
        buffers = {} if buffer is None else {"w": buffer}
        ahead = look_ahead({"w": weight}, gradient, buffers, 0.1, 0.9, 0.01)
        weight.grad = gradient["w"].clone()
        sgd.step()
        torch.testing.assert_close(ahead["w"], weight.detach(), atol=1e-15, rtol=1e-15)


def test_the_hypergradient_of_a_quadratic_equals_its_closed_form():
    """min over d of ½‖w' − t‖², w' = w − ξ ∇w Σᵢ dᵢ ½‖w − aᵢ‖²: ∂/∂dᵢ = −ξ ⟨w' − t, w − aᵢ⟩."""
    torch.manual_seed(0)
    w, target = torch.randn(4, dtype=torch.float64), torch.randn(4, dtype=torch.float64)
    anchors = torch.randn(7, 4, dtype=torch.float64)
    shares = torch.rand(7, dtype=torch.float64).requires_grad_()
    xi = 0.3

    def losses(weights, images):
        return 0.5 * (weights["w"] - images).square().sum(1)

    gradient = (shares.detach()[:, None] * (w - anchors)).sum(0)
    ahead = look_ahead({"w": w}, {"w": gradient}, {}, xi)["w"]
    ours = -xi * exact_rewards(losses, {"w": w}, {"w": ahead - target}, anchors).value

    unrolled = w - xi * (shares[:, None] * (w - anchors)).sum(0)
    (automatic,) = torch.autograd.grad(0.5 * (unrolled - target).square().sum(), shares)
    closed = -xi * ((ahead - target) * (w - anchors)).sum(1)
    torch.testing.assert_close(ours, closed, atol=1e-10, rtol=0)
    torch.testing.assert_close(ours, automatic, atol=1e-10, rtol=0)
