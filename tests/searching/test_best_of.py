"""The best candidate: found where losses are known, and kept only if it beats noise."""

import json
from itertools import chain

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

import dada
from dada.datasets import Dataset, ImageSet
from dada.export import TARGETS, target, write
from dada.policy import Policy
from dada.searching.best_of import BestOf
from dada.searching.noise import CONFIDENCE
from dada.searching.rounds import NONE
from tests.searching.trials import FEW, begin, finished, with_losses

METHODS = {
    "random": {"method": "random", "policies": 2, "size": 1},
    "randaugment": {"method": "randaugment", "numbers": (1, 2), "strengths": (0.5,)},
}
THREE = {"method": "random", "policies": 3, "size": 2, "operations": None}
BETTER = [[1.0, 0.95, 0.5, 0.9], [1.1, 1.0, 0.55, 1.02]]
BY_CHANCE = [[1.0, 1.3, 0.8, 0.7], [1.1, 0.8, 1.05, 1.2]]
all_methods = pytest.mark.parametrize("given", METHODS.values(), ids=METHODS)


def searched(digits, monkeypatch, losses):
    """A finished search with these losses of each round: no policy's, and three candidates'."""
    with_losses(monkeypatch, chain(*losses))
    search = begin(digits, **THREE, rounds=len(losses))
    return search, finished(search)


def dunnett(losses):
    """Effects and the p-value of the best, by least squares and SciPy's multivariate t."""
    logs = np.log(losses)
    rounds, count = logs.shape
    residual = logs - logs.mean(1, keepdims=True) - logs.mean(0) + logs.mean()
    freedom = (rounds - 1) * (count - 1)
    error = (2 * (residual**2).sum() / freedom / rounds) ** 0.5
    effects = (logs[:, :1] - logs[:, 1:]).mean(0)
    tied = 0.5 + 0.5 * np.eye(count - 1)  # all are compared with the same trial
    joint = stats.multivariate_t(shape=tied, df=freedom, seed=0)
    return effects, 1 - joint.cdf(np.full(count - 1, effects.max() / error))


def test_the_best_is_found(digits, monkeypatch):
    search, records = searched(digits, monkeypatch, BETTER)
    effects, p_value = dunnett(BETTER)
    best = search.best()
    assert best.name == "policy 2" and best.kept and best.learned
    assert best.effect == pytest.approx(effects[1])
    assert best.p_value == pytest.approx(p_value, abs=2e-3)
    found = search.policy("digits", {"seed": 0})
    assert found.sub_policies == search.proposals()["policy 2"].sub_policies
    assert found.scale == search.problem.space.scale and found.name == "digits"
    assert found.provenance == {"seed": 0, "candidate": "policy 2"}
    assert [list(record["trials"]) for record in records] == [[NONE, *search.proposals()]] * 2
    findings = records[-1]["findings"]
    assert findings["notes"] == [
        f"policy 2 changes the loss by {-100 * effects[1]:.1f} %, the most of all candidates"
    ]
    assert json.loads(json.dumps(findings)) == findings
    assert search.headline() == "best: policy 2"


@pytest.mark.parametrize("gain", np.linspace(0, 0.5, 11))
def test_it_is_kept_where_dunnetts_test_says_so(digits, monkeypatch, gain):
    generator = np.random.default_rng(3)
    logs = 0.05 * generator.normal(size=(2, 4)) - [0, 0, gain, 0]
    losses = np.exp(logs).tolist()
    search, _ = searched(digits, monkeypatch, losses)
    _, p_value = dunnett(losses)
    assert abs(p_value - (1 - CONFIDENCE)) > 2e-3, "too near to tell"
    assert search.best().kept == (p_value < 1 - CONFIDENCE) == (not search.policy("", {}).is_none)


def test_noise_finds_nothing(digits, monkeypatch):
    search, records = searched(digits, monkeypatch, BY_CHANCE)
    best = search.best()
    assert best.effect > 0.1 and best.p_value > 0.1 and not best.kept
    found = search.policy("digits", {"seed": 0})
    assert found == Policy.none("digits", {"seed": 0})
    (note,) = records[-1]["findings"]["notes"]
    assert note.startswith("no augmentation: no candidate lowers the loss by more than noise")


def test_candidates_that_all_harm_find_nothing_however_well_rounds_agree(digits, monkeypatch):
    search, _ = searched(digits, monkeypatch, [[1.0, 1.1, 1.2, 1.3]] * 2)
    assert search.best().effect < 0 and search.policy("", {}).is_none


def test_networks_that_only_guess_find_nothing(digits, monkeypatch):
    above = [[5 * loss for loss in losses] for losses in BETTER]  # of ten digits ln 10 is a guess
    search, records = searched(digits, monkeypatch, above)
    assert max(search.guesses) < min(map(min, above))
    best = search.best()
    assert best.p_value < 0.01 and not best.learned and search.policy("", {}).is_none
    (note,) = records[-1]["findings"]["notes"]
    assert note.startswith("no augmentation: no network did better than guessing")


@pytest.mark.parametrize(("losses", "kept"), [(BETTER[0], True), ([0.5, 0.6, 0.7, 0.55], False)])
def test_one_round_is_taken_at_its_word_and_said_to_be_one(digits, monkeypatch, losses, kept):
    search, (record,) = searched(digits, monkeypatch, [losses])
    best = search.best()
    assert (best.p_value, best.kept) == (None, kept)
    (note,) = record["findings"]["notes"]
    assert note.endswith("one round cannot tell it from noise") == kept


def test_before_the_first_round_there_is_no_augmentation(digits):
    assert begin(digits, **THREE).policy("", {}).is_none


def test_what_was_found_is_found_again_from_the_state(digits, monkeypatch):
    search, _ = searched(digits, monkeypatch, BETTER)
    again = begin(digits, **THREE)
    again.load_state_dict(search.state_dict())
    assert again.best() == search.best() and again.policy("", {}) == search.policy("", {})


def test_candidates_are_made_once(digits, monkeypatch):
    calls, plain = [], type(begin(digits, **THREE)).proposals
    monkeypatch.setattr(
        "dada.searching.methods.random.RandomMethod.proposals",
        lambda self: calls.append(1) or plain(self),
    )
    search, _ = searched(digits, monkeypatch, BETTER)
    assert search.steps and search.words() and len(calls) == 1


def test_the_chart_has_every_candidate_the_best_first(digits, monkeypatch):
    _, records = searched(digits, monkeypatch, BETTER)
    logs = np.log(BETTER)
    (chart,) = BestOf.charts({}, (), records)
    assert [row.name for row in chart.rows] == [f"policy {n}" for n in (2, 3, 1)]
    for row, column in zip(chart.rows, (2, 3, 1), strict=True):
        assert row.points == pytest.approx(100 * (logs[:, 0] - logs[:, column]))
        assert row.mean == pytest.approx(np.mean(row.points))


def test_of_very_many_candidates_the_chart_has_the_best():
    trials = {NONE: {"loss": 1.0}} | {f"policy {n}": {"loss": 2 - n / 1000} for n in range(1000)}
    (chart,) = BestOf.charts({}, (), [{"trials": trials}])
    assert [row.name for row in chart.rows] == [f"policy {n}" for n in range(999, 959, -1)]
    assert chart.caption.startswith("The best 40 of 1,000. ")


@all_methods
def test_a_found_policy_goes_everywhere(digits, tmp_path, monkeypatch, given):
    run = tmp_path / "run"
    with_losses(monkeypatch, lambda policy: 1.0 if policy.is_none else 0.5)
    found = dada.search(digits, out=run, **{**FEW, **given})
    winner = found.provenance["candidate"].lower()
    assert dada.load_policy(run) == found and not found.is_none
    page = (run / "report.html").read_text()
    assert "The effect of each candidate" in page and f"{winner} changes the loss" in page.lower()
    assert f"method {given['method']}" in page
    for name in TARGETS:
        for ending in target(name).endings:
            path = tmp_path / f"policy-{name}{ending}"
            write(found, name, path)
            assert path.stat().st_size


@all_methods
def test_several_labels_per_image(given):
    """Two labels that a linear network can tell, whatever the candidate."""
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(120, 2, generator=generator) < 0.5).float()
    noise = torch.randint(0, 90, (120, 1, 8, 8), generator=generator)
    noise[:, 0, :, :4] += (150 * labels[:, :1, None]).long()
    noise[:, 0, :, 4:] += (150 * labels[:, 1:, None]).long()
    images = ImageSet(noise.byte(), labels)
    data = Dataset("two", images, images, ("left", "right"))
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    shared = {"operations": ("Rotate", "Invert"), "epochs": 6, "batch": 10, "images": 80}
    policy = dada.search(data, model=model, **shared, **{**given, "policies": None})
    assert policy.provenance["method"] in ("random search", "RandAugment's grid search")
