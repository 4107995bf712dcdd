"""The critic at work, against exact enumeration of a small policy distribution.

Statistical tests: every coordinate within 4 standard errors over 204,800 draws, fixed seeds.
"""

import math

import pytest
import torch

from dada.estimators import Regression
from dada.searching.methods.dada.one_step.gradients import CriticGradient, ReinforceGradient
from dada.searching.methods.dada.one_step.outcome import Outcome
from tests.searching.small import (
    assert_unbiased,
    distribution,
    estimates,
    exact_gradient,
    flat,
    reward,
    space,
)


def drawn(policy, count, seed=0):
    return policy.sample(count, torch.Generator().manual_seed(seed))


def taught(policy, reward, spread, count=20_000):
    """A critic that believes what it sees (a flat prior) and has seen noiseless rewards."""
    critic = CriticGradient(policy.table, spread, math.inf)
    critic.regression = Regression(1e4 * critic.features.prior, math.inf)
    sample = drawn(policy, count)
    values = reward(sample)
    gradients = critic(sample, Outcome((values - values.mean()) * count / (count - 1)))
    return critic, gradients


@pytest.mark.parametrize("spread", [1.0, 0.5])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_rewards_that_are_linear_in_the_features_are_learnt_with_their_gradient(length, spread):
    """Random effects of everything, against the policy gradient by enumeration; to 1 % of the
    largest coordinate: 64 quantiles stand for all the noise."""
    policy = distribution(space(length), spread)
    features = CriticGradient(policy.table, spread, math.inf).features
    effects = torch.randn(
        len(features.prior), dtype=torch.float64, generator=torch.Generator().manual_seed(3)
    )

    def linear(draw):
        return features.of(draw) @ effects

    _, found = taught(policy, linear, spread)
    points = 23 if length == 3 else 33
    exact = exact_gradient(policy, linear, points)
    torch.testing.assert_close(flat(found), exact, atol=0.01 * exact.abs().max().item(), rtol=0)


def test_any_reward_of_what_was_applied_is_learnt_with_its_gradient():
    """An image under (ShearX) is the same whichever sub-policy applied it, so there are seven
    outcomes of pairs of three operations, and the features can say all of them; to 1e-6."""
    policy = distribution()

    def reward_of_the_image(draw):
        applied = torch.zeros(len(draw.sub_policy), 3, dtype=torch.float64)
        operation = policy.table.operation[draw.sub_policy]
        applied.scatter_(1, operation, draw.applied.double())
        code = (applied @ torch.tensor([1.0, 2, 4], dtype=torch.float64)).long()
        return torch.tensor([0.3, -2, 1, 0, 5, -1, 2.5, 9], dtype=torch.float64)[code]

    _, found = taught(policy, reward_of_the_image, 1.0)
    exact = exact_gradient(policy, reward_of_the_image)
    torch.testing.assert_close(flat(found), exact, atol=1e-6, rtol=0)
    assert exact.abs().max() > 0.1


def test_with_full_correction_it_is_unbiased_for_what_its_model_cannot_say():
    policy = distribution()
    critic = CriticGradient(policy.table, 1.0, memory=5, correction=1.0)
    critic.regression = Regression(critic.features.prior * 100, 5)  # a model that tries hard
    found = estimates(policy, critic)
    assert_unbiased(found, exact_gradient(policy))
    assert critic.regression.mean().abs().max() > 1, "and does say something"


def test_without_correction_it_has_a_bias_there_and_hardly_any_variance():
    """The other end: the model's own gradient, off by more than 4 standard errors."""
    policy = distribution()
    critic = CriticGradient(policy.table, 1.0, memory=1000)
    found = estimates(policy, critic)[50:]
    plain = estimates(policy, ReinforceGradient())[50:]
    error = found.mean(0) - exact_gradient(policy)
    assert (error.abs() > 4 * found.std(0) / 50**0.5).any()
    assert found.var(0).sum() < 0.05 * plain.var(0).sum()


def test_before_it_has_learnt_anything_its_corrected_estimate_is_reinforce():
    """The prediction has not seen this step's rewards, or it would not be free of bias."""
    policy = distribution()
    sample = drawn(policy, 64)
    outcome = Outcome(reward(sample))
    critic = CriticGradient(policy.table, 1.0, memory=50, correction=1.0)
    found, expected = critic(sample, outcome), ReinforceGradient()(sample, outcome)
    torch.testing.assert_close(flat(found), flat(expected), atol=1e-14, rtol=0)
    assert not torch.allclose(flat(critic(sample, outcome)), flat(expected))


def test_a_level_that_all_rewards_share_teaches_nothing():
    """Rewards come less the mean of the others, and so do the features."""
    policy = distribution()
    sample = drawn(policy, 4096)
    critic = CriticGradient(policy.table, 1.0, memory=50)
    values = reward(sample)
    critic(sample, Outcome(values))
    mean = critic.regression.mean()
    other = CriticGradient(policy.table, 1.0, memory=50)
    other(sample, Outcome(values + 100))
    torch.testing.assert_close(other.regression.mean(), mean, atol=1e-9, rtol=0)


def test_its_state_makes_another_one_go_on_the_same():
    policy = distribution()
    whole, resumed = (CriticGradient(policy.table, 1.0, memory=3) for _ in range(2))
    first, then = drawn(policy, 32, seed=1), drawn(policy, 32, seed=2)
    whole(first, Outcome(reward(first)))
    resumed.load_state_dict(whole.state_dict())
    outcome = Outcome(reward(then))
    assert torch.equal(flat(whole(then, outcome)), flat(resumed(then, outcome)))
