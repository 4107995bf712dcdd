"""How the policy distribution follows its gradient, against closed forms and PyTorch's Adam."""

import pytest
import torch

from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.one_step.updates import AdamUpdate, NaturalUpdate
from dada.searching.sample import Groups
from tests.searching.small import SPACE, K, S, distribution

REWARDS = torch.tensor([0.5, -1.0, 0.8], dtype=torch.float64)
DIFFERENCE = torch.tensor([[0.3, -0.2], [0.0, 0.1], [1.0, -1.0]], dtype=torch.float64)


def gradients(policy):
    """Exact ones for constant rewards: R of a sub-policy, and a difference that a bit makes.

    ∂/∂ logit of the selection is p (R − mean R), of a probability p q (1 − q) · difference.
    """
    p, q = policy.weights(), policy.probabilities()
    return Groups(
        p * (REWARDS - (p * REWARDS).sum()),
        p[:, None] * q * (1 - q) * DIFFERENCE,
        torch.zeros(S, K, dtype=torch.float64),
    )


def test_after_natural_steps_weights_are_proportional_to_the_exponential_of_rewards():
    """exp(lr · T · R) from even weights: the same for every T and lr of one product, because
    what a step takes off all logits alike changes nothing. Ranking and proportions stay."""
    for lr, steps in ((0.05, 40), (0.5, 4)):
        policy = PolicyDistribution(SPACE)
        update = NaturalUpdate(policy, lr)
        for _ in range(steps):
            update(gradients(policy))
        expected = (2.0 * REWARDS).softmax(0)
        torch.testing.assert_close(policy.weights(), expected, atol=1e-12, rtol=0)
        assert torch.equal(policy.weights().argsort(), REWARDS.argsort())


def test_a_natural_step_moves_a_logit_by_lr_times_the_difference_that_applying_makes():
    """However rarely the sub-policy is chosen or the operation applied."""
    policy = distribution()
    before = policy.probability.detach().clone()
    NaturalUpdate(policy, 0.07)(gradients(policy))
    moved = policy.probability.detach() - before
    torch.testing.assert_close(moved, 0.07 * DIFFERENCE, atol=1e-12, rtol=0)


def test_a_natural_step_stops_at_the_limits():
    policy = distribution()
    update = NaturalUpdate(policy, 1e6)
    update(gradients(policy))
    assert policy.probability.abs().max() == 6.9 and update.state_dict() == {}


@pytest.mark.parametrize("direct", [False, True], ids=["logits", "direct"])
def test_adam_ascends_as_pytorchs_adam_on_a_function_of_the_parameters(direct):
    """Minus a reward that is linear in the logits, descended by another Adam with automatic
    differentiation through the logit."""
    policy, lr, betas = distribution(direct=direct), 0.005, (0.5, 0.999)
    ours = AdamUpdate(policy, lr, betas)
    copy = distribution(direct=direct)
    theirs = torch.optim.Adam(copy.parameters(), lr, betas)
    torch.manual_seed(0)
    slope = [torch.randn_like(p) for p in policy.parameters()]
    for _ in range(5):
        ours(Groups(*slope))
        theirs.zero_grad()
        logits = [p.logit() if direct and p is not copy.selection else p for p in copy.parameters()]
        (-sum((a * x).sum() for a, x in zip(slope, logits, strict=True))).backward()
        theirs.step()
    for one, other in zip(policy.parameters(), copy.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-12, rtol=1e-12)


def test_adam_keeps_direct_parameters_within_their_clip_and_finds_back():
    """At 1 the step upward is taken back; a gradient the other way leaves the end at once."""
    policy = distribution(direct=True)
    with torch.no_grad():
        policy.probability.fill_(1.0)
    ones = Groups(*(torch.ones_like(p) for p in policy.parameters()))
    minus = Groups(*(-torch.ones_like(p) for p in policy.parameters()))
    update = AdamUpdate(policy, 0.005, (0.0, 0.9))
    update(ones)
    assert policy.probability.eq(1).all()
    update(minus)
    assert policy.probability.lt(1).all()


def test_adam_moves_every_coordinate_alike_where_the_natural_step_keeps_proportions():
    """Its first step is lr in size whatever the gradient, which is why the ranking gets lost."""
    adam, natural = PolicyDistribution(SPACE), PolicyDistribution(SPACE)
    AdamUpdate(adam, 0.01, (0.5, 0.999))(gradients(adam))
    NaturalUpdate(natural, 0.01)(gradients(natural))
    by_adam = adam.selection.detach() - 1e-3
    assert by_adam.abs().tolist() == pytest.approx([0.01] * 3, rel=1e-3)
    by_natural = natural.selection.detach() - 1e-3
    assert by_natural.tolist() == pytest.approx((0.01 * (REWARDS - REWARDS.mean())).tolist())


def test_adams_state_makes_another_one_go_on_the_same():
    whole, part = distribution(), distribution()
    one, two = AdamUpdate(whole, 0.01, (0.5, 0.999)), AdamUpdate(part, 0.01, (0.5, 0.999))
    for update, policy in ((one, whole), (two, part)):
        update(gradients(policy))
    resumed = AdamUpdate(part, 0.01, (0.5, 0.999))
    resumed.load_state_dict(two.state_dict())
    one(gradients(whole))
    resumed(gradients(part))
    assert torch.equal(whole.selection, part.selection)
