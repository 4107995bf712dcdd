"""Features of draws by hand, and their expectation against enumeration of all draws."""

import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit

from dada.policy import SearchSpace
from dada.searching.methods.dada.one_step.gradients.features import OperationFeatures
from tests.searching.small import SPACE, distribution, enumerated, space


def test_the_features_of_a_draw_by_hand():
    """ShearX, Rotate and Equalize: 3 main effects, 3 linear, 3 quadratic, 3 pairs."""
    features = OperationFeatures(distribution().table, 1.0)
    draw = enumerated(distribution(), points=1)
    draw.sub_policy = torch.tensor([0, 0, 1, 2])  # ShearX Rotate, the same, ShearX Equalize, …
    draw.applied = torch.tensor([[True, True], [False, True], [True, True], [False, False]])
    draw.relevant = torch.tensor([[True, True], [False, True], [True, False], [False, False]])
    draw.magnitude = torch.tensor([[1.0, 0.0], [1.0, 0.5], [0.75, 0.9], [0.1, 0.2]])
    a, b = 3**0.5, 5**0.5
    expected = [
        [1, 1, 0, a, -a, 0, b, b, 0, 1, 0, 0],
        [0, 1, 0, 0, 0, 0, 0, -b / 2, 0, 0, 0, 0],
        [1, 0, 1, a / 2, 0, 0, b * (0.75 - 1) / 2, 0, 0, 0, 1, 0],
        [0] * 12,
    ]
    found = features.of(draw)
    torch.testing.assert_close(
        found, torch.tensor(expected, dtype=torch.float64), atol=1e-7, rtol=0
    )


def test_the_polynomials_are_orthonormal_where_magnitudes_are_uniform():
    """Simpson's rule on the magnitudes of one operation, exact for these up to its own error."""
    features = OperationFeatures(distribution(space(1)).table, 1.0)
    draw = enumerated(distribution(space(1)), points=1)
    count = 1001
    draw.sub_policy = torch.zeros(count, dtype=torch.long)
    draw.applied = draw.relevant = torch.ones(count, 1, dtype=torch.bool)
    draw.magnitude = torch.linspace(0, 1, count, dtype=torch.float64)[:, None]
    simpson = torch.ones(count, dtype=torch.float64)
    simpson[1:-1:2], simpson[2:-1:2] = 4, 2
    three = features.of(draw)[:, [0, 4, 8]]  # of ShearX, the first of four operations
    products = three.T @ (three * (simpson / 3 / (count - 1))[:, None])
    torch.testing.assert_close(products, torch.eye(3, dtype=torch.float64), atol=1e-9, rtol=0)


@pytest.mark.parametrize("spread", [1.0, 0.5])
@pytest.mark.parametrize(
    ("length", "points", "tolerance"), [(1, 33, 5e-4), (2, 33, 5e-4), (3, 23, 3e-3)]
)
def test_the_expected_features_are_those_of_all_draws_by_their_chances(
    length, points, tolerance, spread
):
    """And so is the gradient in all logits, to what the enumeration's grid of points allows."""
    policy = distribution(space(length), spread)
    features = OperationFeatures(policy.table, spread)
    draws = enumerated(policy, points)
    exact = draws.chance @ features.of(draws)
    logits = policy.logits()
    found = features.expected(logits)
    torch.testing.assert_close(found, exact, atol=tolerance, rtol=0)
    assert exact.abs().max() > 0.1, "far above the tolerance"

    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(len(exact), dtype=torch.float64, generator=generator)
    ours = torch.autograd.grad(found @ direction, logits.all())
    theirs = torch.autograd.grad(exact @ direction, list(policy.parameters()))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=tolerance, rtol=0)


def test_an_operation_and_a_pair_have_one_effect_wherever_they_stand():
    """4 operations in triples: 4 main effects, 8 of strength and all 6 pairs, each once."""
    features = OperationFeatures(distribution(space(3)).table, 1.0)
    assert len(features.prior) == 4 + 8 + 6
    draw = enumerated(distribution(space(3)), points=1)
    everywhere = draw.applied.all(1)
    columns = features.of(draw)[everywhere][:, 12:]
    assert (columns.sum(1) == 3).all() and (columns.sum(0) == 2).all()


def test_the_papers_space_has_as_many_features_as_the_documentation_says():
    whole = OperationFeatures(distribution(SearchSpace()).table, 1.0)
    assert len(whole.prior) == 15 + 2 * 15 + 105 and (whole.prior > 0).all()
    assert len(OperationFeatures(distribution(SPACE).table, 1.0).prior) == 3 + 6 + 3


def test_of_many_operations_only_their_own_effects_are_told_apart(monkeypatch):
    """With room for fewer pairs than there are: 4 main effects and 8 of strength."""
    monkeypatch.setattr("dada.searching.methods.dada.one_step.gradients.features.MOST_PAIRS", 5)
    policy = distribution(space(2), 1.0)
    few = OperationFeatures(policy.table, 1.0)
    assert len(few.prior) == 12
    monkeypatch.undo()
    every = OperationFeatures(policy.table, 1.0)
    assert len(every.prior) == 12 + 6
    sample = policy.sample(50, torch.Generator().manual_seed(0))
    torch.testing.assert_close(few.of(sample), every.of(sample)[:, :12])
    logits = policy.logits()
    torch.testing.assert_close(few.expected(logits), every.expected(logits)[:12])


@pytest.mark.parametrize("spread", [0.1, 1.0, 2.0])
def test_the_expected_polynomials_are_integrals_over_the_logistic_noise(spread):
    """By SciPy's quadrature, to what the documentation promises for spreads up to 2."""
    policy = distribution(space(1), spread)
    features = OperationFeatures(policy.table, spread)
    logits = policy.logits()
    found = features.expected(logits).detach()[4:12].view(2, 4).T  # linear, quadratic; by operation
    weight = policy.weights() * policy.probabilities()[:, 0] * policy.table.has_magnitude[:, 0]
    centres = logits.magnitude[:, 0].tolist()
    for chance, centre, polynomials in zip(weight, centres, found, strict=True):
        for degree, value in enumerate(polynomials, 1):

            def integrand(noise, degree=degree, centre=centre):
                u = 2 * expit(centre + spread * noise) - 1
                shape = 3**0.5 * u if degree == 1 else 5**0.5 * (3 * u * u - 1) / 2
                return expit(noise) * expit(-noise) * shape

            exact, _ = quad(integrand, -40, 40, epsabs=1e-10, limit=200)
            assert value.item() == pytest.approx(chance.item() * exact, abs=3e-6)


def test_before_anything_is_seen_effects_are_of_the_sizes_that_were_measured():
    """An operation's own 0.2, of its strength 0.1, of a pair 0.05, in units of a usual reward."""
    prior = OperationFeatures(distribution(SPACE).table, 1.0).prior
    assert prior.tolist() == pytest.approx([0.2] * 3 + [0.1] * 6 + [0.05] * 3)
