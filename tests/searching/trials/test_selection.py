"""Rewards to shares: Cronbach's alpha by its textbook formula, shares by the maximum they are."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from dada.searching.trials.selection import best_amount, reliability, shares


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
    assert reliability(torch.stack([effects, effects + 3])) == pytest.approx(1)
    assert reliability(torch.stack([effects, -effects])) == 0
    assert reliability(torch.ones(2, 5)) == 0


def test_shares_maximise_reward_less_the_price_of_divergence():
    table, price = rewards(), 0.7
    means = table.mean(0)
    worth = (reliability(table) * (means - means.mean()) / means.std()).numpy()

    def loss(logits):
        p = np.exp(logits - logits.max())
        p /= p.sum()
        return -(p @ worth - price * np.sum(p * np.log(p * len(p))))

    best = minimize(loss, np.zeros(6), tol=1e-12).x
    expected = np.exp(best) / np.exp(best).sum()
    assert shares(table, price).numpy() == pytest.approx(expected, abs=1e-4)


def test_shares_know_no_units():
    table = rewards()
    assert torch.allclose(shares(table, 0.6), shares(100 * table + 7, 0.6))


@pytest.mark.parametrize(
    "table",
    [
        torch.stack([torch.arange(4.0), -torch.arange(4.0)]),  # contradictory
        torch.zeros(2, 4),  # nothing to tell them apart
        torch.zeros(1, 1),
    ],
)
def test_what_is_not_known_leaves_all_alike(table):
    count = table.shape[1]
    assert shares(table, 0.6).tolist() == pytest.approx([1 / count] * count)


def test_a_single_round_is_taken_at_its_word():
    table = torch.tensor([[0.0, 1.0, 2.0]])
    assert shares(table, 0.5).tolist() == pytest.approx(
        (torch.tensor([-1.0, 0.0, 1.0]) / 0.5).softmax(0).tolist()
    )


@pytest.mark.parametrize(("lowest", "expected"), [(0.6, 0.6), (0.0, 0.25), (2.0, 1.0)])
def test_the_amount_is_the_lowest_point_of_a_parabola_within_the_tried(lowest, expected):
    amounts = (0.25, 0.5, 0.75, 1.0)
    assert best_amount(amounts, [(a - lowest) ** 2 for a in amounts]) == pytest.approx(
        expected, abs=0.025
    )


def test_noise_at_one_amount_is_smoothed():
    losses = [1.0, 0.5, 0.45, 0.55]  # by the parabola of least squares, by hand:
    amounts = np.array([0.25, 0.5, 0.75, 1.0])
    a, b, _ = np.linalg.lstsq(np.vander(amounts, 3), np.array(losses), rcond=None)[0]
    assert best_amount(amounts, losses) == pytest.approx(-b / (2 * a), abs=0.025)
