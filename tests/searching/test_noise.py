"""Log losses to effects and noise, against textbook formulas, SciPy and simulations."""

import numpy as np
import pytest
import torch
from scipy import stats

from dada.searching.noise import CONFIDENCE, chance, differ, effects, noise


def simulated(rounds, count, repeats=1, seed=0):
    """Tables of noise 1 about effects of a standard deviation of 1."""
    generator = torch.Generator().manual_seed(seed)
    true = torch.randn(1, 1, count, generator=generator, dtype=torch.float64)
    return true + torch.randn(repeats, rounds, count, generator=generator, dtype=torch.float64)


def test_effects_are_the_log_loss_saved_against_no_policy():
    logs = torch.tensor([[1.0, 0.9, 1.3], [2.0, 1.7, 2.1]])
    assert effects(logs).tolist() == pytest.approx([0.2, -0.2])


def test_noise_is_the_residual_mean_square_of_rounds_and_policies_pooled():
    """By least squares on indicators, the textbook's way."""
    tables = [simulated(3, 6)[0], simulated(2, 4, seed=1)[0]]
    squares = freedom = 0
    for table in tables:
        rounds, count = table.shape
        design = np.hstack(
            [np.kron(np.eye(rounds), np.ones((count, 1))), np.tile(np.eye(count), (rounds, 1))]
        )
        y = table.numpy().ravel()
        fit = design @ np.linalg.lstsq(design, y, rcond=None)[0]
        squares += ((y - fit) ** 2).sum()
        freedom += len(y) - np.linalg.matrix_rank(design)
    found = noise(*tables)
    assert found.variance == pytest.approx(squares / freedom) and found.freedom == freedom
    assert found.error(2) == pytest.approx(found.variance**0.5)
    assert noise(tables[0][:1]).error(1) is None, "a single round says nothing of noise"


def test_the_standard_error_is_the_spread_of_simulated_effects():
    tables = simulated(2, 8, 2000)
    spread = torch.stack([effects(table) for table in tables]).std(0).mean().item()
    errors = np.mean([noise(table).variance for table in tables]) ** 0.5
    assert errors == pytest.approx(spread, rel=0.05)


def test_the_chance_of_the_best_is_dunnetts():
    generator = np.random.default_rng(0)
    tried, none = generator.normal(size=(4, 5)), generator.normal(size=5)
    tried[1] -= 1.2
    found = stats.dunnett(*tried, control=none, alternative="less", random_state=0)
    expected = [chance(-t, 1.0, 4, 20) for t in found.statistic]
    assert found.pvalue == pytest.approx(expected, abs=1e-3)


def test_differ_is_the_f_test():
    table = simulated(3, 6)[0]
    size = noise(table)
    for scale in (0.1, 0.5, 1.0, 2.0):
        means = scale * table.mean(0)
        ratio = 3 * means.numpy().var(ddof=1) / size.variance
        expected = stats.f.sf(ratio, 5, size.freedom) < 1 - CONFIDENCE
        assert differ(means, 3, size) == expected
