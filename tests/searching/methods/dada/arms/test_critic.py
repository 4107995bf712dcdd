"""Planted effects and contrasts come back; what folds contradict counts for nothing."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from dada.searching.methods.dada.arms.critic import (
    Contrasts,
    contrasts_of,
    distribution_of,
    shrunk,
)
from dada.searching.methods.dada.arms.reliability import kinds_limit, reliability_limit

FOLDS, N = 4, 6
REACH = 0.8


def sides_of(having, folds=FOLDS):
    """As in a search: in turn weak and strong, and the other way round in the next fold."""
    turn = torch.tensor([[(-1.0) ** (k + i + 1) for i in range(len(having))] for k in range(folds)])
    return REACH * turn.double() * having


def planted(w, v, sides, level, noise=0.0, seed=0):
    """(folds, N) log losses of arms that save w + side · v in folds of these levels."""
    generator = torch.Generator().manual_seed(seed)
    random = noise * torch.randn(sides.shape, generator=generator, dtype=torch.float64)
    return torch.tensor(level).double()[:, None] - w - sides * v + random


def drawn(seed, having=None):
    """w and v; contrasts of operations at even and at odd places have the same mean."""
    generator = torch.Generator().manual_seed(seed)
    w, v = torch.randn(2, N, generator=generator, dtype=torch.float64)
    v[0::2] += v[1::2].mean() - v[0::2].mean()
    return w, v


ALL = torch.ones(N, dtype=torch.bool)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("folds", [2, 4, 6])
def test_planted_effects_and_contrasts_come_back(seed, folds):
    w, v = drawn(seed)
    sides = sides_of(ALL, folds)
    logs = planted(w, v, sides, [1.0, 2.0, -1.0, 0.5, 0.0, 7.0][:folds])
    found = contrasts_of(logs, sides, ALL)
    assert found.values.shape == (folds // 2, N)
    torch.testing.assert_close(found.values, v.expand(folds // 2, N))
    torch.testing.assert_close(found.means, v)
    both = logs.unflatten(0, (-1, 2)).mean(1)  # once weak, once strong: contrasts cancel
    effects = -(both - both.mean(1, keepdim=True)).mean(0)
    torch.testing.assert_close(effects, w - w.mean())


def test_a_folds_own_level_is_no_matter():
    w, v = drawn(0)
    sides = sides_of(ALL)
    one, two = (
        contrasts_of(planted(w, v, sides, level, noise=0.1), sides, ALL)
        for level in ([0.0] * 4, [3.0, -2.0, 0.1, 50.0])
    )
    torch.testing.assert_close(one.values, two.values)


def test_what_all_operations_at_even_places_share_is_taken_for_the_folds():
    """With a fold's level unknown, weak against strong is known up to ± one number by place."""
    w, v = drawn(0)
    place = torch.tensor([(-1.0) ** (i + 1) for i in range(N)]).double()
    sides = sides_of(ALL)
    found = contrasts_of(planted(w, v + 0.3 * place, sides, [0.0] * 4), sides, ALL)
    torch.testing.assert_close(found.means, v)


def test_operations_without_a_magnitude_have_no_contrast():
    having = torch.tensor([True, False, True, True, False, True])
    w, v = drawn(1)
    v = torch.where(having, 1.0, 0.0) * torch.tensor([0.2, 0, -0.1, 0.3, 0, -0.2]).double()
    sides = sides_of(having)  # their places: −, +, −, +, −, +, of which 0 and 2, 3 and 5 sum up
    found = contrasts_of(planted(w, v, sides, [0.0, 1.0, 2.0, 3.0]), sides, having)
    torch.testing.assert_close(found.means, v)
    assert (found.values[:, ~having] == 0).all()


def test_reliability_is_that_of_the_operations_that_have_a_magnitude():
    having = torch.tensor([True, False, True, True, False, True])
    values = torch.randn(3, N, generator=torch.Generator().manual_seed(0)).double()
    values += 5 * torch.arange(N) * having
    found = Contrasts(values.where(having, 0.0), having)
    table = values[:, having].numpy()
    count = len(table)
    total, rounds = table.sum(0).var(ddof=1), table.var(1, ddof=1).sum()
    alpha = count / (count - 1) * (1 - rounds / total)  # Cronbach's formula
    assert found.reliability == pytest.approx(alpha)
    assert 0 < found.limit < found.reliability


@pytest.mark.parametrize(
    ("pairs", "having"), [(1, [True] * N), (3, [True] + [False] * (N - 1)), (3, [False] * N)]
)
def test_a_single_pair_or_operation_says_nothing_of_magnitudes(pairs, having):
    having = torch.tensor(having)
    values = torch.randn(pairs, N, generator=torch.Generator().manual_seed(0)).double()
    found = Contrasts(values.where(having, 0.0), having)
    assert found.reliability is None and found.limit == 0
    rewards = torch.arange(float(N)).double().repeat(2, 1)
    shares, strong = distribution_of(rewards, found, 0.6)
    assert strong.tolist() == [0.5] * N and shares[-1] > shares[0]


@pytest.mark.parametrize("kl_weight", [0.3, 0.7, 2.0])
def test_it_maximises_reward_less_divergence(kl_weight):
    """Over operation and half: SciPy on the enumerated distribution, with rewards shrunk."""
    w, v = drawn(2)
    sides = sides_of(ALL)
    logs = planted(w, v, sides, [0.0, 1.0, 2.0, 3.0], noise=0.2)
    contrasts = contrasts_of(logs, sides, ALL)
    rewards = -logs.unflatten(0, (-1, 2)).mean(1)
    unit = rewards.mean(0).std().item()
    trust = [reliability_limit(table) for table in (rewards, contrasts.values)]
    assert all(0.1 < shrunk < 0.999 for shrunk in trust)
    worth = trust[0] * (rewards.mean(0) - rewards.mean()).numpy() / unit
    half = trust[1] * contrasts.means.numpy() / unit
    reward = np.stack([worth + half, worth - half])  # strong, weak

    def loss(logits):
        p = np.exp(logits - logits.max())
        p /= p.sum()
        value = reward.ravel() - kl_weight * np.log(p * len(p))
        return -(p @ value), -p * (value - p @ value)

    options = {"gtol": 1e-10, "ftol": 1e-15}
    found = minimize(loss, np.zeros(2 * N), jac=True, method="L-BFGS-B", options=options)
    best = found.x.reshape(2, N)
    p = np.exp(best) / np.exp(best).sum()
    shares, strong = distribution_of(rewards, contrasts, kl_weight)
    assert shares.numpy() == pytest.approx(p.sum(0), abs=1e-4)
    assert strong.numpy() == pytest.approx(p[0] / p.sum(0), abs=1e-4)


def test_contradictory_folds_leave_all_alike():
    w, v = drawn(3)
    sides = sides_of(ALL)
    first, second = (planted(sign * w, sign * v, sides[:2], [0.0, 1.0]) for sign in (1, -1))
    logs = torch.cat([first, second])
    contrasts = contrasts_of(logs, sides, ALL)
    assert contrasts.limit == 0
    shares, strong = distribution_of(-logs.unflatten(0, (-1, 2)).mean(1), contrasts, 0.6)
    assert shares.tolist() == pytest.approx([1 / N] * N)
    assert strong.tolist() == [0.5] * N


def test_contrasts_are_shrunk_by_themselves():
    """Effects that agree do not vouch for contrasts that do not, nor the other way round."""
    w, v = drawn(3)
    sides = sides_of(ALL)
    for of_w, of_v in ((1, -1), (-1, 1)):
        parts = [
            planted(s_w * w, s_v * v, sides[:2], [0.0, 1.0]) for s_w, s_v in ((1, 1), (of_w, of_v))
        ]
        logs = torch.cat(parts)
        contrasts = contrasts_of(logs, sides, ALL)
        shares, strong = distribution_of(-logs.unflatten(0, (-1, 2)).mean(1), contrasts, 0.6)
        if of_v < 0:
            assert strong.tolist() == [0.5] * N
            assert shares.argmax() == w.argmax() and shares.max() > 2 / N
        else:
            assert ((strong > 0.5) == (v > 0)).all() and (strong - 0.5).abs().max() > 0.2


@pytest.mark.parametrize(
    "table",
    [
        torch.stack([torch.arange(4.0), -torch.arange(4.0)]),  # contradictory
        torch.zeros(2, 4),  # nothing to tell them apart
        torch.zeros(1, 1),
        torch.tensor([[1.0, 1.0, 1.0 + 2**-52]], dtype=torch.float64),  # an ulp, in one fold
        torch.tensor([[1.0, 1.0, 1.0 + 2**-52]] * 2, dtype=torch.float64),  # and in both
    ],
)
def test_what_is_not_known_leaves_all_alike(table):
    count = table.shape[1]
    shares, strong = distribution_of(table, None, 0.6)
    assert shares.tolist() == pytest.approx([1 / count] * count)
    assert strong.tolist() == [0.5] * count


def test_a_single_fold_is_taken_at_its_word():
    shares, _ = distribution_of(torch.tensor([[0.0, 1.0, 2.0]]), None, 0.5)
    expected = (torch.tensor([-1.0, 0.0, 1.0]) / 0.5).softmax(0)
    assert shares.tolist() == pytest.approx(expected.tolist())


KINDS = torch.tensor([True] * 5 + [False] * 10)


def two_folds(effects, noise, seed=0):
    generator = torch.Generator().manual_seed(seed)
    one = noise * torch.randn(15, generator=generator, dtype=torch.float64)
    return torch.stack([effects + one, effects - one])  # of single operations nothing is known


def test_an_operation_of_which_nothing_is_known_is_worth_what_its_kind_is():
    rewards = two_folds(torch.where(KINDS, -1.0, 0.5).double(), noise=0.6)
    assert reliability_limit(rewards) < 0.3 and kinds_limit(rewards, KINDS) > 0.5
    known, sure = reliability_limit(rewards), kinds_limit(rewards, KINDS)
    means = rewards.mean(0) - rewards.mean()
    expected = known * means + (sure - known) * torch.where(
        KINDS, means[KINDS].mean(), means[~KINDS].mean()
    )
    assert shrunk(rewards, KINDS).tolist() == pytest.approx(expected.tolist())
    shares, _ = distribution_of(rewards, None, 0.3, KINDS)
    assert shares[~KINDS].min() > 4 * shares[KINDS].max()
    plain, _ = distribution_of(rewards, None, 0.3)
    assert plain[~KINDS].min() < 4 * plain[KINDS].max()


def test_what_is_known_of_each_operation_is_not_touched_by_its_kind():
    effects = torch.linspace(-1, 1, 15, dtype=torch.float64)
    order = torch.arange(15) % 3 > 0  # both kinds have good and bad ones
    rewards = two_folds(effects, noise=0.05)
    assert kinds_limit(rewards, order) < reliability_limit(rewards)
    assert torch.equal(shrunk(rewards, order), shrunk(rewards))
