"""REINFORCE at work, against exact enumeration of a small policy distribution.

Statistical: every coordinate within 4 standard errors over 204,800 draws with fixed seeds.
"""

import pytest
import torch

from dada.searching.methods.dada.one_step.gradients import ReinforceGradient
from dada.searching.methods.dada.one_step.outcome import Outcome
from tests.estimators.joint import poison
from tests.searching.small import (
    K,
    S,
    assert_unbiased,
    distribution,
    estimates,
    exact_gradient,
    flat,
    reward,
)


@pytest.mark.parametrize("spread", [1.0, 0.5])
def test_it_is_unbiased_in_selection_probability_and_magnitude(spread):
    policy = distribution(spread=spread)
    found, exact = estimates(policy, ReinforceGradient()), exact_gradient(policy)
    assert_unbiased(found, exact)
    magnitude = found[:, S + S * K :].view(-1, S, K)
    assert (magnitude[:, ~policy.table.has_magnitude] == 0).all(), "Equalize has no magnitude"
    assert (magnitude[:, policy.table.has_magnitude] != 0).all()


def test_only_the_chosen_sub_policys_own_numbers_get_a_gradient():
    policy = distribution()
    sample = policy.sample(1, torch.Generator().manual_seed(0))
    found = ReinforceGradient()(sample, Outcome(torch.ones(1, dtype=torch.float64)))
    chosen = [s == sample.sub_policy.item() for s in range(S)]
    assert ((found.probability != 0).all(1)).tolist() == chosen
    assert torch.equal(found.magnitude[chosen][0] != 0, sample.relevant[0])
    assert (found.magnitude[[not c for c in chosen]] == 0).all()
    assert (found.selection != 0).all(), "the others lose what the chosen one gains"


def test_the_rewards_derivative_is_not_used():
    policy = distribution()
    sample = policy.sample(64, torch.Generator().manual_seed(0))
    value = reward(sample)
    attached = value + poison(sample.rows.probability)
    found = ReinforceGradient()(sample, Outcome(attached))
    assert torch.equal(flat(found), flat(ReinforceGradient()(sample, Outcome(value))))


def test_a_derivative_in_the_magnitude_takes_the_place_of_the_score():
    """Of ShearX and Rotate, here by hand: m (1 − m) times the derivative; Rotate has none, NaN,
    and keeps its score, which for logistic noise x is tanh(x / 2)."""
    policy = distribution()
    sample = policy.sample(40, torch.Generator().manual_seed(0))
    rotate = policy.table.operation[sample.sub_policy] == 1
    derivative = torch.linspace(-1, 2, 80, dtype=torch.float64).view(40, K)
    derivative = derivative.masked_fill(rotate, float("nan"))
    advantage = reward(sample)
    found = ReinforceGradient()(sample, Outcome(advantage, magnitude_derivative=derivative))
    expected = torch.zeros(S, K, dtype=torch.float64)
    for g in range(40):
        s = sample.sub_policy[g].item()
        for k in range(K):
            m = sample.magnitude[g, k]
            x = m.logit() - policy.magnitude[s, k].detach()
            if rotate[g, k] and sample.relevant[g, k]:
                expected[s, k] += advantage[g] * (x / 2).tanh() / 40
            elif sample.relevant[g, k]:
                expected[s, k] += derivative[g, k] * m * (1 - m) / 40
    torch.testing.assert_close(found.magnitude, expected, atol=1e-12, rtol=0)
    without = ReinforceGradient()(sample, Outcome(advantage))
    assert torch.equal(found.probability, without.probability)
