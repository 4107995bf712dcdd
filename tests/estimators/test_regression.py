"""The regression against scikit-learn's ridge regression and closed forms."""

import math

import pytest
import torch
from sklearn.linear_model import Ridge

from dada.estimators import Regression

PRIOR = torch.tensor([0.1, 0.5, 2.0, 0.03], dtype=torch.float64)
MEMORY = 3.0


def batches(count=6, rows=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        (
            torch.randn(rows, len(PRIOR), dtype=torch.float64, generator=generator),
            torch.randn(rows, dtype=torch.float64, generator=generator),
        )
        for _ in range(count)
    ]


def after(memory, data):
    regression = Regression(PRIOR, memory)
    for features, values in data:
        regression.observe(features, values)
    return regression


@pytest.mark.parametrize("memory", [MEMORY, 0.5, math.inf])
def test_the_mean_is_that_of_ridge_regression_on_rows_that_fade(memory):
    """In units of the prior the penalty is 1; a row that is n batches old weighs exp(−n/memory)."""
    data = batches()
    features = torch.cat([f for f, _ in data]) * PRIOR
    values = torch.cat([v for _, v in data])
    weights = [math.exp(-age / memory) for age in reversed(range(len(data))) for _ in range(5)]
    ridge = Ridge(alpha=1.0, fit_intercept=False, solver="cholesky")
    ridge.fit(features.numpy(), values.numpy(), sample_weight=weights)
    expected = PRIOR * torch.from_numpy(ridge.coef_)
    torch.testing.assert_close(after(memory, data).mean(), expected, atol=1e-12, rtol=0)


def test_the_mean_is_that_of_a_gaussian_given_what_was_seen():
    """Bayes' rule the other way round: Cov(θ, y) Cov(y)⁻¹ y with Cov(y) = φ P φᵀ + 1."""
    ((features, values),) = batches(1, rows=3)
    covariance = PRIOR.square().diag()
    of_values = features @ covariance @ features.T + torch.eye(3, dtype=torch.float64)
    expected = covariance @ features.T @ torch.linalg.solve(of_values, values)
    found = after(MEMORY, [(features, values)]).mean()
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_it_starts_at_nothing_and_knows_nothing_of_what_it_has_not_seen():
    assert Regression(PRIOR, MEMORY).mean().tolist() == [0, 0, 0, 0]
    features = torch.tensor([[1.0, 1.0, 0.0, 0.0]], dtype=torch.float64)
    found = after(MEMORY, [(features, torch.ones(1, dtype=torch.float64))]).mean()
    assert (found[:2] > 0).all() and found[2:].tolist() == [0, 0]


def test_much_evidence_overrules_the_prior():
    truth = torch.tensor([0.3, -1.0, 0.5, 2.0], dtype=torch.float64)
    data = [(features, features @ truth) for features, _ in batches(2000, rows=50)]
    torch.testing.assert_close(after(math.inf, data).mean(), truth, atol=0.03, rtol=0)


def test_what_is_old_is_forgotten():
    """After ten memories of another truth the first one is gone, but for e⁻¹⁰."""
    first = [(f, f.sum(1)) for f, _ in batches(5)]
    then = [(f, -f.sum(1)) for f, _ in batches(30, seed=1)]
    found, fresh = after(MEMORY, first + then).mean(), after(MEMORY, then).mean()
    torch.testing.assert_close(found, fresh, atol=1e-3, rtol=0)
    assert (found < 0).all()


def test_the_mean_is_finite_where_features_repeat_each_other():
    """Two equal columns share what they explain; the matrix is never singular."""
    features = torch.ones(4, 4, dtype=torch.float64)
    regression = after(math.inf, [(features, torch.ones(4, dtype=torch.float64))] * 1000)
    found = regression.mean()
    assert found.isfinite().all() and found.sum().item() == pytest.approx(1, abs=1e-3)


def test_its_state_makes_another_one_go_on_the_same():
    data = batches()
    whole = after(MEMORY, data)
    resumed = Regression(PRIOR, MEMORY)
    resumed.load_state_dict(after(MEMORY, data[:3]).state_dict())
    for features, values in data[3:]:
        resumed.observe(features, values)
    assert torch.equal(resumed.mean(), whole.mean())
