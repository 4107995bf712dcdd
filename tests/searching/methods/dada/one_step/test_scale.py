"""Units and baselines of rewards come from what was seen before."""

import pytest
import torch

from dada.estimators import leave_one_out, resemblance_of_views
from dada.searching.methods.dada.one_step.scale import RewardScale


def rewards(step, views=2, images=5):
    generator = torch.Generator().manual_seed(step)
    level = torch.randn(images, dtype=torch.float64, generator=generator)
    return 2 + level + torch.randn(views, images, dtype=torch.float64, generator=generator)


def statistics(of):
    return torch.stack([of.square().mean(), *resemblance_of_views(of)])


def test_the_first_step_has_only_its_own_statistics():
    first = rewards(1)
    advantage, unit = RewardScale()(first)
    assert unit.item() == pytest.approx(first.square().mean().sqrt().item())
    covariance, variance = resemblance_of_views(first)
    expected = (first - leave_one_out(first, covariance / variance)) / unit
    torch.testing.assert_close(advantage, expected)


def test_the_second_step_uses_the_first_ones():
    scale = RewardScale()
    scale(rewards(1))
    second = rewards(2)
    advantage, unit = scale(second)
    mean_square, covariance, variance = statistics(rewards(1))
    assert unit.item() == pytest.approx(mean_square.sqrt().item())
    expected = (second - leave_one_out(second, covariance / variance)) / unit
    torch.testing.assert_close(advantage, expected)


def test_the_third_step_uses_a_running_mean_of_both():
    scale = RewardScale()
    scale(rewards(1))
    scale(rewards(2))
    _, unit = scale(rewards(3))
    mean_square = 0.95 * statistics(rewards(1))[0] + 0.05 * statistics(rewards(2))[0]
    assert unit.item() == pytest.approx(mean_square.sqrt().item())


def test_after_the_first_step_the_unit_does_not_depend_on_the_rewards():
    """Rewards ten times as large have advantages ten times as large."""

    def second(factor):
        scale = RewardScale()
        scale(rewards(1))
        return scale(factor * rewards(2))

    (advantage, unit), (larger, same) = second(1), second(10)
    assert unit == same
    torch.testing.assert_close(larger, 10 * advantage)


def test_a_single_reward_is_its_own_advantage():
    """As in the paper: one draw for a whole batch has nothing to be compared with."""
    scale = RewardScale()
    scale(torch.tensor([[4.0]], dtype=torch.float64))
    advantage, unit = scale(torch.tensor([[-2.0]], dtype=torch.float64))
    assert unit == 4 and advantage.tolist() == [[-0.5]]


def test_the_size_of_the_rewards_is_no_matter_in_the_end():
    """Losses of another unit give the same advantages."""
    small, large = RewardScale(), RewardScale()
    for step in range(3):
        one, _ = small(1e-6 * rewards(step))
        other, _ = large(1e6 * rewards(step))
        torch.testing.assert_close(one, other)


def test_rewards_of_nothing_stay_finite():
    advantage, _ = RewardScale()(torch.zeros(1, 4, dtype=torch.float64))
    assert advantage.tolist() == [[0] * 4]
