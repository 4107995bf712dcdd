"""The policy distribution: chain rule, Fisher information, limits, and the policy at the end."""

import pytest
import torch

from dada.searching.distribution import PolicyDistribution
from dada.searching.sample import Groups
from tests.searching.small import (
    SPACE,
    K,
    S,
    distribution,
    enumerated,
    exact_gradient,
    flat,
    reward,
)


def random_groups(seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = (S,), (S, K), (S, K)
    return Groups(*(torch.randn(s, dtype=torch.float64, generator=generator) for s in shapes))


def grouped(vector):
    parts = vector.split([S, S * K, S * K])
    return Groups(parts[0], parts[1].view(S, K), parts[2].view(S, K))


def fisher(policy):
    """E[∇log p ∇log pᵀ] in the logits, by enumeration; the scores by hand.

    Of the selection δ − p, of a bit b − q, of a magnitude that has an effect, with logistic
    noise x, tanh(x / 2) / spread.
    """
    draws = enumerated(policy)
    p, q = policy.weights(), policy.probabilities()
    count = len(draws.sub_policy)
    selection = torch.nn.functional.one_hot(draws.sub_policy, S).double() - p
    bits, magnitudes = torch.zeros(2, count, S, K, dtype=torch.float64)
    rows = torch.arange(count)
    bits[rows, draws.sub_policy] = draws.applied.double() - q[draws.sub_policy]
    centre = policy.magnitudes().logit()[draws.sub_policy]
    noise = (draws.magnitude.detach().logit() - centre) / policy.spread
    magnitudes[rows, draws.sub_policy] = (noise / 2).tanh() / policy.spread * draws.applied
    scores = torch.cat([selection, bits.flatten(1), magnitudes.flatten(1)], dim=1)
    return scores.T @ (scores * draws.chance.detach()[:, None])


@pytest.mark.parametrize("spread", [1.0, 0.5])
def test_fisher_information_times_the_natural_gradient_is_the_gradient(spread):
    """For the selection up to the direction in which all logits move alike, which changes
    nothing: a gradient has no part in it. To 1e-4, the error of the enumeration's grid."""
    policy = distribution(spread=spread)
    gradient = exact_gradient(policy)
    assert gradient[:S].sum().abs() < 1e-12
    natural = flat(policy.natural(grouped(gradient)))
    torch.testing.assert_close(fisher(policy) @ natural, gradient, atol=1e-6, rtol=1e-4)
    shifted = natural.clone()
    shifted[:S] += 7
    torch.testing.assert_close(fisher(policy) @ shifted, gradient, atol=1e-6, rtol=1e-4)


def test_the_natural_gradient_of_the_selection_is_what_each_sub_policy_earns():
    """Its expected reward less the mean over all, by enumeration."""
    policy = distribution()
    draws = enumerated(policy)
    earned = torch.zeros(S, dtype=torch.float64)
    earned.index_add_(0, draws.sub_policy, (draws.chance * reward(draws)).detach())
    expected = earned / policy.weights() - earned.sum()
    found = policy.natural(grouped(exact_gradient(policy))).selection
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)


def test_the_natural_gradient_of_a_bit_is_what_applying_it_changes():
    """E[reward | applied] − E[reward | not], by enumeration."""
    policy = distribution()
    draws = enumerated(policy)
    found = policy.natural(grouped(exact_gradient(policy))).probability
    for s in range(S):
        for k in range(K):
            there = draws.sub_policy == s
            means = []
            for bit in (True, False):
                chance = draws.chance.detach() * (there & (draws.applied[:, k] == bit))
                means.append((chance @ reward(draws).detach() / chance.sum()).item())
            assert found[s, k].item() == pytest.approx(means[0] - means[1], abs=1e-9)


def test_the_natural_gradient_is_finite_where_a_sub_policy_has_all_but_vanished():
    policy = distribution()
    with torch.no_grad():
        policy.selection[0] = -2000.0
    assert (
        flat(policy.natural(Groups(*(torch.zeros_like(p) for p in policy.parameters()))))
        .eq(0)
        .all()
    )


def test_a_fixed_magnitude_moves_as_if_its_spread_were_one():
    gradients = random_groups()
    fixed, random = (distribution(spread=s).natural(gradients).magnitude for s in (0.0, 1.0))
    assert torch.equal(fixed, random)


def test_direct_parameters_follow_by_the_chain_rule():
    """Against automatic differentiation of the logit; what is added up twice counts twice."""
    policy = distribution(direct=True)
    gradients = random_groups()
    policy.accumulate(gradients, 0.3)
    for name in ("probability", "magnitude"):
        free = getattr(policy, name).detach().clone().requires_grad_()
        (expected,) = torch.autograd.grad((getattr(gradients, name) * free.logit()).sum(), free)
        torch.testing.assert_close(getattr(policy, name).grad, 0.3 * expected)
    torch.testing.assert_close(policy.selection.grad, 0.3 * gradients.selection)
    once = policy.magnitude.grad.clone()
    policy.accumulate(gradients, 0.3)
    torch.testing.assert_close(policy.magnitude.grad, 2 * once)


def test_logits_are_followed_as_they_are():
    policy = distribution()
    gradients = random_groups()
    policy.accumulate(gradients, -2.0)
    for parameter, gradient in zip(policy.parameters(), gradients.all(), strict=True):
        assert torch.equal(parameter.grad, -2 * gradient)


def test_direct_parameters_at_the_very_ends_have_finite_logits_and_a_way_back():
    policy = distribution(direct=True)
    with torch.no_grad():
        policy.probability[0, 0], policy.probability[0, 1] = 0.0, 1.0
    logits = policy.logits()
    at_ends = logits.probability[0].tolist()
    assert at_ends == pytest.approx([-6.9068, 6.9068], abs=1e-4)
    policy.accumulate(Groups(*(torch.ones_like(p) for p in policy.parameters())), 1.0)
    assert policy.probability.grad[0].tolist() == pytest.approx([1 / (1e-3 * 0.999)] * 2)


def test_values_are_kept_within_their_limits():
    """Logits within ±6.9, from 0.1 to 99.9 %; what is stored directly within 0 and 1. The
    selection is free."""
    for direct, limit in ((False, (-6.9, 6.9)), (True, (0.0, 1.0))):
        policy = distribution(direct=direct)
        with torch.no_grad():
            policy.selection.fill_(100)
            for parameter in (policy.probability, policy.magnitude):
                parameter.copy_(torch.tensor([-100.0, 100.0]).expand(S, K))
        policy.clip()
        assert policy.selection.tolist() == [100] * S
        for parameter in (policy.probability, policy.magnitude):
            assert parameter.tolist() == [list(limit)] * S
    assert torch.tensor(6.9).sigmoid().item() == pytest.approx(0.999, abs=1e-4)


def test_a_search_begins_in_the_middle():
    for direct in (False, True):
        policy = PolicyDistribution(SPACE, direct=direct)
        assert policy.weights().tolist() == pytest.approx([1 / 3] * 3)
        assert policy.probabilities().eq(0.5).all() and policy.magnitudes().eq(0.5).all()


def test_the_policy_keeps_the_leading_sub_policies_and_their_shares():
    policy = distribution()
    with torch.no_grad():
        policy.selection.copy_(torch.tensor([1.0, 3.0, 2.0]))
    kept = policy.policy(2, False, "found", {})
    names = [[o.name for o in s.operations] for s in kept.sub_policies]
    assert names == [["ShearX", "Equalize"], ["Rotate", "Equalize"]]
    e = torch.tensor(1.0).exp().item()
    assert kept.weights == pytest.approx((e / (e + 1), 1 / (e + 1)), rel=1e-5)
    first = kept.sub_policies[0].operations[0]
    assert first.probability == round(policy.probabilities()[1, 0].item(), 6)
    assert first.magnitude == round(policy.magnitudes()[1, 0].item(), 6)
    alike = policy.policy(2, True, "found", {})
    assert alike.weights == pytest.approx((0.5, 0.5))
