"""How far folds agree, against textbook formulas and simulated noise."""

import numpy as np
import pytest
import torch
from scipy import stats

from dada.searching.methods.dada.arms.reliability import (
    kind_means,
    kinds_limit,
    reliability,
    reliability_limit,
)
from dada.searching.noise import CONFIDENCE


def rewards(seed=0, noise=0.3):
    generator = torch.Generator().manual_seed(seed)
    effects = torch.randn(6, generator=generator, dtype=torch.float64)
    return effects + noise * torch.randn(3, 6, generator=generator, dtype=torch.float64)


def test_reliability_is_cronbachs_alpha():
    table = rewards()
    k = len(table)
    rounds, total = table.var(1).sum(), table.sum(0).var()
    alpha = k / (k - 1) * (1 - rounds / total)
    # Each round's own mean is no matter of the operations, and alpha does not see it either.
    assert reliability(table + torch.tensor([[0.0], [5.0], [-2.0]])) == pytest.approx(alpha.item())


def test_rounds_that_agree_are_trusted_and_rounds_that_do_not_are_not():
    effects = torch.linspace(0, 1, 5, dtype=torch.float64)
    assert reliability_limit(torch.stack([effects, effects + 3])) == pytest.approx(1, abs=1e-4)
    assert reliability_limit(torch.stack([effects, -effects])) == 0
    assert reliability_limit(torch.ones(2, 5)) == reliability(torch.ones(2, 5)) == 0


def simulated(rounds, count, between, repeats, seed=0):
    """Rewards of noise 1 about effects of a standard deviation."""
    generator = torch.Generator().manual_seed(seed)
    shape = (repeats, 1, count)
    true = between * torch.randn(shape, generator=generator, dtype=torch.float64)
    return true + torch.randn(repeats, rounds, count, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("rounds", "count"), [(2, 15), (3, 15), (2, 3)])
def test_pure_noise_is_trusted_as_seldom_as_is_said(rounds, count):
    found = np.array([reliability_limit(table) for table in simulated(rounds, count, 0.0, 600)])
    often, level = (found > 0).mean(), 1 - CONFIDENCE
    assert abs(often - level) < 4 * (level * CONFIDENCE / 600) ** 0.5
    assert found.mean() < 0.06, "the alpha clipped at 0 has 0.13 to 0.30"


@pytest.mark.parametrize("between", [0.5, 1.0, 3.0])
def test_trust_is_below_the_known_reliability_as_often_as_is_said(between):
    """Of two rounds the reliability is R τ² / (R τ² + σ²)."""
    known = 2 * between**2 / (2 * between**2 + 1)
    tables = simulated(2, 15, between, 600)
    below = np.mean([reliability_limit(table) <= known for table in tables])
    assert abs(below - CONFIDENCE) < 4 * ((1 - CONFIDENCE) * CONFIDENCE / 600) ** 0.5
    if between == 3.0:
        assert np.mean([reliability_limit(table) for table in tables]) > 0.85


def of_kinds(first, second):
    return torch.tensor([True] * first + [False] * second)


def test_kinds_are_compared_by_the_textbook_contrast():
    """One degree of freedom, against the residuals of a table of rounds and operations."""
    table, kinds = rewards(noise=0.8), of_kinds(2, 4)
    table[:, :2] += 3.0
    means = table.mean(0)
    contrast = (means[:2].mean() - means[2:].mean()).item()
    between = 3 * contrast**2 / (1 / 2 + 1 / 4)
    left = table - table.mean(1, keepdim=True) - means + table.mean()
    ratio = between / (left.square().sum().item() / 10)
    assert kinds_limit(table, kinds) == pytest.approx(1 - stats.f.ppf(CONFIDENCE, 1, 10) / ratio)
    assert kinds_limit(table, ~kinds) == pytest.approx(kinds_limit(table, kinds))
    expected = [means[:2].mean().item()] * 2 + [means[2:].mean().item()] * 4
    assert kind_means(means, kinds).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("rounds", "first", "second"), [(2, 6, 9), (3, 1, 14), (2, 1, 2)])
def test_kinds_that_do_not_differ_are_told_apart_as_seldom_as_is_said(rounds, first, second):
    tables = simulated(rounds, first + second, 0.0, 600)
    often = np.mean([kinds_limit(table, of_kinds(first, second)) > 0 for table in tables])
    assert abs(often - (1 - CONFIDENCE)) < 4 * ((1 - CONFIDENCE) * CONFIDENCE / 600) ** 0.5


@pytest.mark.parametrize("table", [rewards()[:1], rewards()[:, :2], torch.ones(2, 6)])
def test_where_kinds_cannot_be_told_apart_nothing_is_known(table):
    count = table.shape[1]
    assert kinds_limit(table, of_kinds(1, count - 1)) == 0
    assert kinds_limit(rewards(), of_kinds(6, 0)) == kinds_limit(rewards(), of_kinds(0, 6)) == 0
