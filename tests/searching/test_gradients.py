"""The whole policy gradient against exact enumeration of a small policy distribution.

Three sub-policies of two operations, a nonlinear reward of sub-policy and bits. Statistical:
every coordinate within 4 standard errors over 204,800 draws with fixed seeds.
"""

import itertools

import pytest
import torch

from dada.policy import Scale, SearchSpace
from dada.searching.control_variate import ControlVariate
from dada.searching.distribution import PolicyDistribution
from dada.searching.gradients import GumbelSoftmaxGradient, RelaxGradient, leave_one_out
from dada.searching.outcome import Outcome

SPACE = SearchSpace(("ShearX", "Rotate", "Equalize"), 2, Scale("strength"))
S, K = 3, 2
BATCH, BATCHES = 4096, 50


def reward(sub_policy, bits):
    table = torch.tensor([1.0, -0.5, 2.0], dtype=torch.float64)[sub_policy]
    bits = bits.double()
    mixed = table * bits[:, 0] - bits[:, 1]
    return (table + mixed).exp() / 4 + (bits.prod(1) - table).square()


def distribution(spread=1.0, direct=False):
    result = PolicyDistribution(SPACE, spread, direct)
    with torch.no_grad():
        result.selection.copy_(torch.tensor([0.4, -0.3, 0.1]))
        raw = torch.tensor([[0.5, -0.7], [0.0, 1.0], [-0.4, 0.3]], dtype=torch.float64)
        result.probability.copy_(raw.sigmoid() if direct else raw)
    return result


def exact_gradient(policy):
    """∇ of the expected reward in selection and probability, by enumeration."""
    total = torch.zeros((), dtype=torch.float64)
    for s in range(S):
        for bits in itertools.product([0.0, 1.0], repeat=K):
            b = torch.tensor(bits, dtype=torch.float64)
            p = policy.probability[s] if policy.direct else policy.probability[s].sigmoid()
            chance = policy.selection.softmax(0)[s] * (b * p + (1 - b) * (1 - p)).prod()
            total = total + chance * reward(torch.tensor([s]), b[None])[0]
    return torch.autograd.grad(total, (policy.selection, policy.probability))


def estimate(policy, strategy, of=reward):
    """Mean and standard error of each coordinate over batches."""
    generator = torch.Generator().manual_seed(1)
    estimates = []
    for _ in range(BATCHES):
        sample = policy.sample(BATCH, generator)
        gradients = strategy(sample, Outcome(of(sample.sub_policy, sample.applied)))
        for parameter in policy.parameters():
            parameter.grad = None
        policy.accumulate(sample, gradients, 1 / BATCH)
        estimates.append([p.grad.flatten() for p in (policy.selection, policy.probability)])
    stacked = [torch.stack(column) for column in zip(*estimates, strict=True)]
    return [(c.mean(0), c.std(0) / BATCHES**0.5) for c in stacked]


class Frozen(RelaxGradient):
    """RELAX with a control variate that is given, not taught."""

    def __init__(self, control):
        super().__init__(control, torch.optim.SGD(control.parameters(), lr=0.0))


def random_control(seed=0, size=0.5):
    torch.manual_seed(seed)
    control = ControlVariate(S, K, hidden=8, temperature=0.5)
    torch.nn.init.normal_(control.outer.weight, std=size)
    return control


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("size", [0.0, 0.5])
def test_relax_is_unbiased_in_selection_and_probability(direct, size):
    policy = distribution(direct=direct)
    estimates = estimate(policy, Frozen(random_control(size=size)))
    for (mean, error), exact in zip(estimates, exact_gradient(policy), strict=True):
        assert ((mean - exact.flatten()).abs() < 4 * error).all()


def test_the_taught_control_variate_lowers_the_variance():
    """The second moment of the estimates after teaching, against none: same noise."""
    policy = distribution()
    taught = random_control(size=0.0)
    strategy = RelaxGradient(taught, torch.optim.Adam(taught.parameters(), 0.01))
    generator = torch.Generator().manual_seed(2)
    for _ in range(300):
        sample = policy.sample(256, generator)
        strategy(sample, Outcome(reward(sample.sub_policy, sample.applied)))

    def second_moment(control):
        sample = policy.sample(50_000, torch.Generator().manual_seed(3))
        outcome = Outcome(reward(sample.sub_policy, sample.applied))
        selection, probability, _ = Frozen(control)(sample, outcome)
        return selection.square().sum() + probability.square().sum()

    assert second_moment(taught) < 0.8 * second_moment(random_control(size=0.0))


def test_only_the_bits_of_the_chosen_sub_policy_get_a_gradient():
    policy = distribution()
    sample = policy.sample(1, torch.Generator().manual_seed(0))
    outcome = Outcome(torch.tensor([1.0], dtype=torch.float64))
    policy.accumulate(sample, Frozen(random_control(size=0.0))(sample, outcome), 1.0)
    touched = policy.probability.grad.abs().sum(1) > 0
    assert touched.tolist() == [s == sample.sub_policy.item() for s in range(S)]


def test_a_sampled_magnitude_is_unbiased():
    """Reward m on ShearX of the first sub-policy when applied: ∂/∂μ E[p·m] in closed form.

    With μ = 0 and spread 1 the magnitude is uniform, and dE[sigmoid(μ + L)]/dμ = E[m(1−m)] = 1/6.
    """
    policy = distribution()
    strategy, generator = Frozen(random_control(size=0.0)), torch.Generator().manual_seed(5)
    estimates = []
    for _ in range(BATCHES):
        sample = policy.sample(BATCH, generator)
        first = (sample.sub_policy == 0) & sample.applied[:, 0]
        outcome = Outcome(sample.magnitude[:, 0] * first)
        for parameter in policy.parameters():
            parameter.grad = None
        policy.accumulate(sample, strategy(sample, outcome), 1 / BATCH)
        estimates.append(policy.magnitude.grad.clone())
    stacked = torch.stack(estimates)
    mean, error = stacked.mean(0), stacked.std(0) / BATCHES**0.5
    exact = torch.zeros(S, K, dtype=torch.float64)
    exact[0, 0] = policy.weights()[0] * policy.probabilities()[0, 0] / 6
    learnt = policy.table.has_magnitude
    assert ((mean - exact).abs() < 4 * error)[learnt].all()
    assert (stacked[:, ~learnt] == 0).all(), "Equalize has no magnitude"


def test_gumbel_softmax_passes_the_derivatives_through_the_relaxation():
    policy = distribution()
    sample = policy.sample(5, torch.Generator().manual_seed(0))
    outcome = Outcome(
        torch.zeros(5, dtype=torch.float64),
        torch.arange(5, dtype=torch.float64),
        torch.ones(5, K, dtype=torch.float64),
    )
    _, probability, _ = GumbelSoftmaxGradient(0.5)(sample, outcome)
    soft = (sample.z_applied.detach() / 0.5).sigmoid()
    torch.testing.assert_close(probability, soft * (1 - soft) / 0.5)


def test_straight_through_magnitudes_count_where_the_operation_is_applied():
    policy = distribution(spread=0.0, direct=True)
    sample = policy.sample(64, torch.Generator().manual_seed(0))
    outcome = Outcome(
        torch.zeros(64, dtype=torch.float64),
        magnitude_derivative=torch.full((64, K), 2.0, dtype=torch.float64),
    )
    gradients = Frozen(random_control(size=0.0))(sample, outcome)
    policy.accumulate(sample, gradients, 1.0)
    counts = torch.zeros(S, K, dtype=torch.float64)
    counts.index_add_(0, sample.sub_policy, sample.relevant.double())
    torch.testing.assert_close(policy.magnitude.grad, 2 * counts)


def test_leave_one_out_subtracts_the_mean_of_the_others():
    rewards = torch.tensor([1.0, 2.0, 6.0])
    expected = torch.tensor([1 - 4.0, 2 - 3.5, 6 - 1.5])
    torch.testing.assert_close(leave_one_out(rewards), expected)
    assert leave_one_out(torch.tensor([3.0])).tolist() == [3.0]
