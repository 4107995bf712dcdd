"""The step against an enumerated distribution: SciPy's optimum, and F⁻¹ ∇ by autograd."""

from itertools import combinations, product

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from dada.searching.methods.dada.arms.update import natural_step

N, LENGTH = 4, 2


def drawn(seed):
    """Effects, contrasts and a point (θ, logits) that a step starts from."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, N, generator=generator, dtype=torch.float64).unbind()


def log_chances(theta, strong, length=LENGTH):
    """Every sub-policy with every combination of halves.

    Returns:
        (D,) log-probability of each outcome, (D, N) whether it holds the operation, and (D, N) 1,
        −1 or 0 for strong, weak or not held.
    """
    held, halves = [], []
    for chosen in combinations(range(N), length):
        for signs in product((1.0, -1.0), repeat=length):
            outcome = torch.zeros(N, dtype=torch.float64)
            outcome[list(chosen)] = torch.tensor(signs, dtype=torch.float64)
            held.append(outcome.abs())
            halves.append(outcome)
    held, halves = torch.stack(held), torch.stack(halves)
    weight = held @ theta
    selection = weight - (weight.logsumexp(0) - length * np.log(2))  # each 2^length times
    chance = (halves * strong).neg().exp().add(1).log().neg()  # log σ(±logit)
    return selection + (chance * held).sum(1), held, halves


def objective(theta, strong, effects, contrasts, kl_weight, length=LENGTH):
    """E[Σ sᵢ (wᵢ + vᵢ hᵢ)] − c KL(d ‖ uniform), summed over all outcomes."""
    log_chance, held, halves = log_chances(theta, strong, length)
    reward = held @ effects + halves @ contrasts
    divergence = log_chance + np.log(len(log_chance))
    return (log_chance.exp() * (reward - kl_weight * divergence)).sum()


def optimum(effects, contrasts, kl_weight, length=LENGTH):
    """The chances of all outcomes where SciPy finds the objective highest, from uniform."""

    def downhill(point):
        at = torch.tensor(point, requires_grad=True)
        found = -objective(at[:N], at[N:], effects, contrasts, kl_weight, length)
        (gradient,) = torch.autograd.grad(found, at)
        return found.item(), gradient.numpy()

    options = {"gtol": 1e-10, "ftol": 1e-15, "maxiter": 10_000}
    found = minimize(downhill, np.zeros(2 * N), jac=True, method="L-BFGS-B", options=options)
    theta, strong = torch.tensor(found.x).split(N)
    return log_chances(theta, strong, length)[0].exp()


CASES = [(0, 0.3), (1, 0.6), (2, 1.0), (3, 2.5)]


@pytest.mark.parametrize(("seed", "kl_weight"), CASES)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_step_of_one_is_the_maximum_wherever_it_starts(seed, kl_weight, length):
    effects, contrasts, theta, strong = drawn(seed)
    best = optimum(effects, contrasts, kl_weight, length)
    for start in ((torch.zeros(N).double(),) * 2, (theta, strong)):
        found = natural_step(*start, effects, contrasts, kl_weight, lr=1.0)
        chances = log_chances(*found, length)[0].exp()
        torch.testing.assert_close(chances, best, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("seed", "kl_weight"), CASES)
def test_many_small_steps_lead_to_the_same_maximum_and_always_upwards(seed, kl_weight):
    effects, contrasts, theta, strong = drawn(seed)
    values = []
    for _ in range(300):
        theta, strong = natural_step(theta, strong, effects, contrasts, kl_weight, lr=0.1)
        values.append(objective(theta, strong, effects, contrasts, kl_weight).item())
    assert (np.diff(values) > -1e-12).all()
    chances = log_chances(theta, strong)[0].exp()
    best = optimum(effects, contrasts, kl_weight)
    torch.testing.assert_close(chances, best, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("seed", "kl_weight"), CASES)
def test_the_direction_is_the_inverse_fisher_matrix_times_the_gradient(seed, kl_weight):
    effects, contrasts, theta, strong = drawn(seed)
    at = torch.cat([theta, strong]).requires_grad_()
    value = objective(at[:N], at[N:], effects, contrasts, kl_weight)
    (gradient,) = torch.autograd.grad(value, at)
    chance = log_chances(theta, strong)[0].exp()
    scores = torch.autograd.functional.jacobian(lambda p: log_chances(p[:N], p[N:])[0], at.detach())
    fisher = scores.T @ (chance[:, None] * scores)
    expected = torch.linalg.pinv(fisher, rtol=1e-12) @ gradient  # all θ alike change nothing
    lr = 1e-7
    after = natural_step(theta, strong, effects, contrasts, kl_weight, lr)
    found = (torch.cat(after) - at.detach()) / lr * kl_weight
    found[:N] -= found[:N].mean()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_the_closed_form_from_uniform():
    effects, contrasts, *_ = drawn(5)
    zero, c = torch.zeros(N).double(), 0.7
    theta, strong = natural_step(zero, zero, effects, contrasts, c, lr=1.0)
    expected = effects / c + (contrasts / c).cosh().log()
    torch.testing.assert_close(theta, expected)
    torch.testing.assert_close(strong.sigmoid(), (1 + (contrasts / c).tanh()) / 2)


def test_certain_halves_stay_numbers():
    zero = torch.zeros(2, dtype=torch.float64)
    theta, strong = natural_step(
        zero, zero, zero, torch.tensor([1e4, -1e4], dtype=torch.float64), kl_weight=1.0, lr=1.0
    )
    assert theta.isfinite().all() and strong.sigmoid().tolist() == [1.0, 0.0]
