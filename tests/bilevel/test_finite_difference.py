"""The paper's finite difference against the exact rewards, which are tested on their own."""

import itertools

import pytest
import torch

from dada.bilevel import (
    exact,
    exact_rewards,
    finite_difference,
    finite_difference_rewards,
    first_order,
)
from tests.bilevel.algebra import hypergradient


def test_the_error_falls_fourfold_when_the_radius_halves(problem):
    arguments = problem.losses, problem.weights, problem.direction, problem.images, True
    right = exact_rewards(*arguments)

    def error(radius):
        near = finite_difference_rewards(*arguments, radius)
        return (
            (near.value - right.value).norm().item(),
            (near.image_gradient - right.image_gradient).norm().item(),
        )

    errors = [error(radius) for radius in (0.2, 0.1, 0.05)]
    for coarse, fine in itertools.pairwise(errors):
        assert coarse[0] / fine[0] == pytest.approx(4, rel=0.05)
        assert coarse[1] / fine[1] == pytest.approx(4, rel=0.05)


def test_it_is_the_paper_s_formula(problem):
    """[ℓᵢ(w + εv) − ℓᵢ(w − εv)] / 2ε with ε = 0.01 / ‖v‖ (DADA, eq. 11)."""
    v = problem.direction
    epsilon = 0.01 / torch.cat([x.flatten() for x in v.values()]).norm()
    plus, minus = (
        problem.losses(
            {n: w + sign * epsilon * v[n] for n, w in problem.weights.items()}, problem.images
        )
        for sign in (1, -1)
    )
    found = finite_difference_rewards(problem.losses, problem.weights, v, problem.images)
    torch.testing.assert_close(found.value, (plus - minus) / (2 * epsilon), atol=1e-11, rtol=0)
    assert found.image_gradient is None


def test_the_step_does_not_depend_on_the_size_of_the_direction(problem):
    """Rewards of a direction 1,000 times as long are 1,000 times as large."""
    longer = {name: 1000 * v for name, v in problem.direction.items()}
    short, long = (
        finite_difference_rewards(problem.losses, problem.weights, v, problem.images).value
        for v in (problem.direction, longer)
    )
    torch.testing.assert_close(long, 1000 * short, atol=0, rtol=1e-9)


def test_no_direction_gives_no_reward(problem):
    nowhere = {name: torch.zeros_like(v) for name, v in problem.direction.items()}
    rewards = finite_difference_rewards(problem.losses, problem.weights, nowhere, problem.images)
    assert (rewards.value == 0).all()


def test_rewards_leave_no_gradient_behind(problem):
    finite_difference_rewards(
        problem.losses, problem.weights, problem.direction, problem.images, image_gradient=True
    )
    assert all(w.grad is None for w in problem.weights.values())
    assert not problem.images.requires_grad


def test_its_hypergradient_is_nearly_the_exact_one(problem):
    """Both take the validation gradient at the look-ahead; first order does not."""
    near, right, other = (
        hypergradient(kind, problem, xi=0.4) for kind in (finite_difference, exact, first_order)
    )
    torch.testing.assert_close(near, right, atol=1e-4, rtol=0)
    assert (other - right).abs().max() > 0.01


def test_the_image_gradient_has_the_kinks_of_relus_which_exact_rewards_are_without():
    """ℓ(w, x) = mean of relu(w x + b) over many b, evenly from −1 to 1, is (w x + 1)² / 4 to the
    eye: ρ = v x (w x + 1) / 2, and ∂ρ/∂x = v (2 w x + 1) / 2. Away from its kink a ReLU has no
    second derivative, so that forward mode finds v (w x + 1) / 2, whatever their number."""
    bias = torch.linspace(-1, 1, 20_001, dtype=torch.float64)
    w, v = torch.tensor(0.7, dtype=torch.float64), torch.tensor(-3.0, dtype=torch.float64)
    x = torch.tensor([-0.9, -0.2, 0.4, 1.1], dtype=torch.float64)

    def losses(weights, images):
        return (weights["w"] * images[:, None] + bias).relu().mean(1)

    arguments = losses, {"w": w}, {"w": v}, x, True
    near, exact = finite_difference_rewards(*arguments), exact_rewards(*arguments)
    for rewards in (near, exact):
        torch.testing.assert_close(rewards.value, v * x * (w * x + 1) / 2, atol=1e-3, rtol=0)
    smooth, without_kinks = v * (2 * w * x + 1) / 2, v * (w * x + 1) / 2
    torch.testing.assert_close(near.image_gradient, smooth, atol=0.02, rtol=0)
    torch.testing.assert_close(exact.image_gradient, without_kinks, atol=1e-3, rtol=0)
