"""RELAX at work, against exact enumeration of a small policy distribution.

Statistical: every coordinate within 4 standard errors over 204,800 draws with fixed seeds.
"""

from copy import deepcopy

import pytest
import torch

from dada.searching.methods.dada.one_step.gradients import ReinforceGradient, RelaxGradient
from dada.searching.methods.dada.one_step.gradients.relax import ControlVariate
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


class Frozen(RelaxGradient):
    """RELAX with a control variate that is given, not taught."""

    def __init__(self, control):
        super().__init__(control, torch.optim.SGD(control.parameters(), lr=0.0))


def random_control(size, seed=0):
    torch.manual_seed(seed)
    control = ControlVariate(S, K, hidden=8, temperature=0.5)
    torch.nn.init.normal_(control.outer.weight, std=size)
    return control


def drawn(policy, count, seed=0):
    return policy.sample(count, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("direct", [False, True], ids=["logits", "direct"])
def test_it_is_unbiased_with_a_random_control_variate(direct):
    policy = distribution(direct=direct)
    found = estimates(policy, Frozen(random_control(0.5)))
    assert_unbiased(found, exact_gradient(policy))


def test_it_is_unbiased_while_it_is_taught():
    policy = distribution()
    control = random_control(0.5)
    strategy = RelaxGradient(control, torch.optim.Adam(control.parameters(), 0.01))
    assert_unbiased(estimates(policy, strategy), exact_gradient(policy))


def test_an_untaught_control_variate_changes_nothing():
    policy = distribution()
    sample = drawn(policy, 64)
    outcome = Outcome(reward(sample))
    found = Frozen(ControlVariate(S, K, 8, 0.5))(sample, outcome)
    plain = ReinforceGradient()(sample, outcome)
    torch.testing.assert_close(flat(found), flat(plain), atol=1e-14, rtol=0)


def test_the_taught_control_variate_lowers_the_variance():
    """The variance of estimates after teaching, against REINFORCE: same draws."""
    policy = distribution()
    taught = random_control(0.0)
    strategy = RelaxGradient(taught, torch.optim.Adam(taught.parameters(), 0.02))
    generator = torch.Generator().manual_seed(2)
    for _ in range(150):
        sample = policy.sample(128, generator)
        strategy(sample, Outcome(reward(sample)))
    frozen, plain = (
        estimates(policy, s, batches=40) for s in (Frozen(taught), ReinforceGradient())
    )
    assert frozen.var(0).sum() < 0.6 * plain.var(0).sum()


def test_only_the_bits_of_the_chosen_sub_policy_get_a_gradient():
    policy = distribution()
    sample = drawn(policy, 1)
    outcome = Outcome(torch.tensor([1.0], dtype=torch.float64))
    found = Frozen(random_control(0.5))(sample, outcome)
    touched = found.probability.abs().sum(1) > 0
    assert touched.tolist() == [s == sample.sub_policy.item() for s in range(S)]


def test_straight_through_magnitudes_count_where_the_operation_is_applied():
    """Magnitudes themselves are the parameters here: the mean of 2 where they had an effect."""
    policy = distribution(spread=0.0, direct=True)
    sample = drawn(policy, 64)
    outcome = Outcome(
        torch.zeros(64, dtype=torch.float64),
        magnitude_derivative=torch.full((64, K), 2.0, dtype=torch.float64),
    )
    policy.accumulate(Frozen(random_control(0.0))(sample, outcome), 1.0)
    counts = torch.zeros(S, K, dtype=torch.float64)
    counts.index_add_(0, sample.sub_policy, sample.relevant.double())
    torch.testing.assert_close(policy.magnitude.grad, 2 * counts / 64)


def test_the_rewards_derivative_is_not_used():
    policy = distribution()
    sample = drawn(policy, 64)
    value = reward(sample)
    attached = value + poison(sample.rows.probability)
    found, expected = (
        Frozen(random_control(0.5))(sample, Outcome(advantage)) for advantage in (attached, value)
    )
    assert torch.equal(flat(found), flat(expected)) and flat(found).isfinite().all()


def test_its_state_makes_another_one_go_on_the_same():
    policy = distribution()

    def fresh(seed):
        control = random_control(0.5, seed)
        return RelaxGradient(control, torch.optim.Adam(control.parameters(), 0.01))

    whole, resumed = fresh(0), fresh(1)
    first, then = drawn(policy, 32, seed=1), drawn(policy, 32, seed=2)
    whole(first, Outcome(reward(first)))
    resumed.load_state_dict(deepcopy(whole.state_dict()))
    for _ in range(2):
        outcome = Outcome(reward(then))
        assert torch.equal(flat(whole(then, outcome)), flat(resumed(then, outcome)))


@pytest.mark.parametrize("temperature", [0.5, 0.2])
def test_relaxed_logits_are_softened_by_the_temperature(temperature):
    """softmax(z/τ) of the selection, and 2σ(z/τ) − 1 of a bit."""
    control = ControlVariate(S, K, 8, temperature)
    z = torch.tensor([[-1.0, 0.3, 2.0]], dtype=torch.float64)
    torch.testing.assert_close(control.soften_selection(z), (z / temperature).softmax(1))
    torch.testing.assert_close(control.soften_bits(z), 2 * (z / temperature).sigmoid() - 1)


def test_a_magnitudes_score_is_multiplied_by_what_the_control_variate_leaves():
    """One that knows what the bits earn, cold enough for its bits to be those of the draw, leaves
    nothing; without it the score gets the whole."""
    policy = distribution()

    class Knowing(ControlVariate):
        def forward(self, selection, bits):
            return 3.0 + 2.0 * bits[:, 0] + 0.0 * self.outer.bias

    sample = drawn(policy, 64)
    earned = Outcome(3.0 + 2.0 * (2.0 * sample.applied[:, 0].double() - 1))
    found = Frozen(Knowing(S, K, 8, temperature=1e-9))(sample, earned)
    torch.testing.assert_close(found.magnitude, torch.zeros_like(found.magnitude))
    plain = ReinforceGradient()(sample, earned)
    assert plain.magnitude.abs().max() > 0.01
