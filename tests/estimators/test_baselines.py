"""Baselines against closed forms; what they do for the gradient is in test_reinforce.py."""

import pytest
import torch

from dada.estimators import leave_one_out, resemblance_of_views


def tensor(*rows):
    return torch.tensor(rows, dtype=torch.float64)


def test_with_one_view_it_is_the_mean_of_the_other_images():
    assert leave_one_out(tensor([1, 2, 6])).tolist() == [[4, 3.5, 1.5]]


def test_with_one_image_it_is_the_mean_of_the_other_views():
    assert leave_one_out(tensor([1], [2], [6]), 0.3).tolist() == [[4], [3.5], [1.5]]


def test_a_single_reward_has_nothing_to_be_compared_with():
    assert leave_one_out(tensor([3])).tolist() == [[0]]


@pytest.mark.parametrize("resemblance", [0.0, 0.5, 1.0])
def test_with_two_views_it_lies_between_the_other_images_and_the_other_view(resemblance):
    """(V − 1) r / (1 + (V − 2) r) is r itself where V is 2."""
    rewards = tensor([1, 5, 0], [3, 9, 6])
    images = tensor([5, 2.5, 4.5], [5, 2.5, 4.5])  # (5 + 0 + 9 + 6) / 4, and so on
    view = tensor([3, 9, 6], [1, 5, 0])
    expected = (1 - resemblance) * images + resemblance * view
    torch.testing.assert_close(leave_one_out(rewards, resemblance), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("views", [2, 3, 5])
@pytest.mark.parametrize("r", [0.1, 0.6, 0.95])
def test_the_image_s_own_views_weigh_as_in_the_best_linear_prediction(views, r):
    """The normal equations of predicting a reward from V − 1 others that correlate at r."""
    covariance = torch.full((views - 1, views - 1), r).fill_diagonal_(1.0)
    expected = torch.linalg.solve(covariance, torch.full((views - 1,), r))
    rewards = torch.randn(views, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = torch.autograd.functional.jacobian(lambda x: leave_one_out(x, r)[0, 0], rewards)
    torch.testing.assert_close(found[1:, 0].float(), expected, atol=1e-5, rtol=0)
    assert found.sum().item() == pytest.approx(1), "a level that all share is predicted whole"


@pytest.mark.parametrize(("views", "images"), [(1, 5), (2, 4), (3, 3), (4, 1)])
@pytest.mark.parametrize("resemblance", [0.0, 0.4, 1.0])
def test_no_baseline_depends_on_its_own_reward(views, images, resemblance):
    """Each reward in turn becomes another number: its baseline stays and some other one moves."""
    generator = torch.Generator().manual_seed(0)
    rewards = torch.randn(views, images, dtype=torch.float64, generator=generator)
    before = leave_one_out(rewards, resemblance)
    for v in range(views):
        for i in range(images):
            changed = rewards.clone()
            changed[v, i] += 100
            moved = (leave_one_out(changed, resemblance) - before).abs()
            assert moved[v, i] < 1e-12 and moved.max() > 1


def simulated(r, views=4, images=50_000):
    """A random-effects model: rewards of variance 1, correlation r between views of an image."""
    generator = torch.Generator().manual_seed(0)
    level = torch.randn(images, dtype=torch.float64, generator=generator)
    rest = torch.randn(views, images, dtype=torch.float64, generator=generator)
    return 3 + r**0.5 * level + (1 - r) ** 0.5 * rest


@pytest.mark.parametrize("r", [0.0, 0.3, 0.9])
def test_the_resemblance_of_simulated_views_is_recovered(r):
    """Statistical: within 4 of Fisher's standard errors of an intraclass correlation,
    (1 − r)(1 + (V − 1) r) / √(V (V − 1) B / 2)."""
    covariance, variance = resemblance_of_views(simulated(r))
    standard_error = (1 - r) * (1 + 3 * r) / (4 * 3 * 50_000 / 2) ** 0.5
    assert (covariance / variance).item() == pytest.approx(r, abs=4 * standard_error)
    assert covariance >= 0


def test_the_resemblance_weighs_views_so_that_the_least_is_left():
    """Of all weights the recovered r leaves the least variance, to a grid of 0.1."""
    rewards = simulated(0.4, views=3, images=20_000)
    covariance, variance = resemblance_of_views(rewards)

    def left(r):
        return (rewards - leave_one_out(rewards, r)).var().item()

    assert min(torch.arange(0, 1.01, 0.1).tolist(), key=left) == pytest.approx(0.4)
    assert left(covariance / variance) == pytest.approx(left(0.4), rel=1e-3)


@pytest.mark.parametrize("shape", [(1, 6), (6, 1)])
def test_one_view_or_one_image_shows_no_resemblance(shape):
    rewards = torch.arange(6, dtype=torch.float64).view(shape)
    covariance, variance = resemblance_of_views(rewards)
    assert covariance == 0 and variance.item() == pytest.approx(35 / 12)


def test_views_that_repel_each_other_count_as_unlike():
    covariance, _ = resemblance_of_views(tensor([1, -1, 2], [-1, 1, -2]))
    assert covariance == 0
