"""First order: alignment of gradients where the weights are."""

import pytest
import torch

from dada.bilevel import exact, first_order
from tests.bilevel.algebra import dot, gradient, hypergradient


def test_a_reward_is_the_alignment_of_two_gradients_at_the_same_weights(problem):
    """⟨∇L_val(w), ∇ℓᵢ(w)⟩, whatever the learning rate."""
    towards = gradient(problem.validation(problem.weights), problem.weights)
    found = hypergradient(first_order, problem, xi=0.4)
    for i, value in enumerate(found):
        of_image = gradient(problem.losses(problem.weights, problem.images)[i], problem.weights)
        assert value.item() == pytest.approx(dot(of_image, towards).item(), abs=1e-12)


def test_it_equals_the_exact_rewards_of_a_step_of_size_zero(problem):
    without = hypergradient(first_order, problem, xi=0.4)
    torch.testing.assert_close(without, hypergradient(exact, problem, 0.0), atol=1e-14, rtol=0)
    assert not torch.allclose(without, hypergradient(exact, problem, 0.4), rtol=0.1)


def test_the_difference_to_the_exact_rewards_is_of_the_order_of_the_step(problem):
    """Half the step, half the difference."""
    without = hypergradient(first_order, problem, xi=0.0)
    coarse, fine = ((hypergradient(exact, problem, xi) - without).norm() for xi in (2e-3, 1e-3))
    assert (coarse / fine).item() == pytest.approx(2, rel=0.02)
