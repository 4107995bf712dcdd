"""Rounds of trials: what they try, what they learn, and how they go on."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

import dada
from dada.policy import Policy
from dada.runs import RunFolder
from dada.searching.methods.trials.probability import PROBABILITIES, best_probability
from dada.searching.methods.trials.selection import shares
from dada.searching.rounds import NONE
from dada.searching.score import Score
from dada.searching.trials import Trials
from tests.searching.trials import FEW, StopAfter, begin, finished

EFFECTS = {"Rotate": 0.3, "Invert": -0.5, "Brightness": 0.1}


def rehearsed(monkeypatch, seen=None, best=0.6):
    """Trials whose losses are known: each operation's effect, and a parabola in the probability."""

    def call(self, policy, fold, seed, epochs, trunk=None, on_epoch=lambda: None):
        for _ in range(epochs):
            on_epoch()
        (first, *_) = policy.sub_policies[0].operations
        if seen is not None:
            seen.append((policy, len(fold.train), int(fold.train.images.sum()), seed))
        if policy == Policy.none():
            return Score(1.0, 2.0, 0.5)
        alone = len(policy.sub_policies) == 1 and len(policy.sub_policies[0].operations) == 1
        loss = 2 - EFFECTS[first.name] if alone else 1 + (first.probability - best) ** 2
        return Score(1.0, loss, 0.5)

    monkeypatch.setattr(Trials, "trial", call)


def test_the_policy_follows_from_the_losses(digits, monkeypatch):
    rehearsed(monkeypatch)
    search = begin(digits, kl_weight=0.8)
    finished(search)
    names = search.operations
    rewards = -torch.tensor([[2 - EFFECTS[n] for n in names]] * 2, dtype=torch.float64).log()
    w = dict(zip(names, shares(rewards, 0.8).tolist(), strict=True))
    pairs = search.problem.space.sub_policies
    expected = np.array([w[a] * w[b] for a, b in pairs])
    assert search.distribution.weights().numpy() == pytest.approx(expected / expected.sum())
    probabilities = PROBABILITIES[1:]
    losses = np.log([1 + (a - 0.6) ** 2 for a in probabilities]).tolist()
    probability = best_probability(probabilities, losses)
    policy = search.policy("found", {})
    assert len(policy.sub_policies) == len(pairs)
    for sub_policy in policy.sub_policies:
        for operation in sub_policy.operations:
            assert operation.probability == probability
            assert (operation.magnitude, operation.spread) == (0.5, 1.0)


def test_rounds_try_every_operation_on_the_halves_in_turn_and_then_amounts(digits, monkeypatch):
    seen = []
    rehearsed(monkeypatch, seen)
    search = begin(digits, rounds=3)
    records = finished(search)
    assert search.length == 5 and [r["epoch"] for r in records] == [1, 2, 3, 4, 5]
    assert [list(r["trials"]) for r in records[:3]] == [[NONE, *search.operations]] * 3
    assert list(records[3]["trials"]) == ["0%", "25%", "50%", "75%", "100%"]
    rounds = [seen[0:4], seen[4:8], seen[8:12], seen[12:17], seen[17:22]]
    halves = [{half for _, _, half, _ in trials} for trials in rounds]
    assert all(len(half) == 1 for half in halves)
    assert all(a != b for a, b in pairwise(halves)) and halves[0] == halves[2]
    seeds = [{seed for *_, seed in trials} for trials in rounds]
    assert all(len(seed) == 1 for seed in seeds) and len(set.union(*seeds)) == 5
    assert rounds[0][0][0].is_none
    for policy, *_ in rounds[0][1:]:
        ((operation,),) = [s.operations for s in policy.sub_policies]
        assert (operation.probability, operation.magnitude, operation.spread) == (0.5, 0.5, 1.0)


@pytest.mark.parametrize("worse", [0.0, 1.0])
def test_no_augmentation_is_what_is_found_where_every_amount_hurts_or_none_matters(
    digits, tmp_path, monkeypatch, worse
):
    def call(self, policy, *given, **named):
        (first, *_) = policy.sub_policies[0].operations
        return Score(1.0, 0.67 + worse * first.probability, 0.5)

    monkeypatch.setattr(Trials, "trial", call)
    found = dada.search(digits, out=tmp_path / "run", **FEW)
    assert found.is_none and found.describe().startswith("no augmentation")
    assert dada.load_policy(tmp_path / "run").is_none
    last = [e for e in RunFolder.open(tmp_path / "run").events if "trials" in e][-1]
    assert last["findings"]["probability"]["chosen"] == 0
    assert set(np.ravel(last["probabilities"])) == {0.0}
    assert any(note.startswith("no augmentation: ") for note in last["findings"]["notes"])
    # What was tried in the last round is still the policy, though the round before spoke for none.
    assert list(last["trials"]) == ["0%", "25%", "50%", "75%", "100%"]
    assert (last["trials"]["100%"]["loss"] > last["trials"]["0%"]["loss"]) == (worse > 0)


def test_the_fewest_sub_policies_with_99_percent_of_the_weight_are_kept(digits, monkeypatch):
    rehearsed(monkeypatch)
    search = begin(digits, kl_weight=0.1)
    finished(search)
    weights = search.distribution.weights().sort(descending=True).values
    kept = len(search.policy("found", {}).sub_policies)
    assert kept < len(weights)
    assert weights[:kept].sum() >= 0.99 > weights[: kept - 1].sum()


def test_a_long_sub_policy_is_chosen_by_all_its_operations(digits, monkeypatch):
    rehearsed(monkeypatch)
    search = begin(digits, length=3, operations=("Rotate", "Invert", "Brightness"))
    finished(search)
    assert search.distribution.weights().tolist() == [1.0]
    search = begin(digits, length=1)
    finished(search)
    weights = dict(zip(search.operations, search.distribution.weights().tolist(), strict=True))
    assert sorted(weights, key=weights.get) == ["Invert", "Brightness", "Rotate"]


def test_keep_keeps_the_leading(digits, monkeypatch):
    rehearsed(monkeypatch)
    search = begin(digits, keep=2)
    finished(search)
    found = search.policy("found", {})
    names = [{o.name for o in s.operations} for s in found.sub_policies]
    assert names == [{"Rotate", "Brightness"}, {"Rotate", "Invert"}]


def test_what_is_all_right_everywhere_leaves_all_alike(digits, monkeypatch):
    monkeypatch.setattr(Trials, "trial", lambda *_, **__: Score(0.0, 0.0, 1.0))
    search = begin(digits)
    finished(search)
    assert search.distribution.weights().tolist() == pytest.approx([1 / 3] * 3)
    assert search.policy("found", {}).sub_policies


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_stopped_search_goes_on_to_the_same_bytes(digits, tmp_path, rounds):
    dada.search(digits, out=tmp_path / "whole", **FEW)
    with pytest.raises(KeyboardInterrupt):
        dada.search(digits, out=tmp_path / "part", callback=StopAfter(rounds), **FEW)
    state = torch.load(tmp_path / "part" / "checkpoint.pt", weights_only=True)
    assert state["epoch"] == rounds == len(state["losses"])
    dada.search(digits, out=tmp_path / "part", resume=True, **FEW)
    whole, part = ((tmp_path / name / "policy.json").read_bytes() for name in ("whole", "part"))
    assert whole == part
    dada.search(digits, out=tmp_path / "other", **{**FEW, "seed": 1})
    events = [RunFolder.open(tmp_path / name).events for name in ("whole", "part", "other")]
    tried, again, others = ([e["trials"] for e in es if "trials" in e] for es in events)
    assert tried == again and tried[0] != others[0]


def test_any_module_is_tried_with_and_left_as_it_was(digits):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    before = model[1].weight.clone()
    policy = dada.search(digits, **{**FEW, "model": model})
    assert torch.equal(model[1].weight, before)
    assert policy.provenance["settings"]["model"] == "Sequential"


def test_the_run_says_what_was_done(digits, tmp_path):
    dada.search(digits, out=tmp_path / "run", **FEW)
    run = RunFolder.open(tmp_path / "run")
    start, *_, finish = run.events
    assert (start["unit"], start["length"]) == ("round", 4) and finish["event"] == "finish"
    rounds = [e for e in run.events if e["event"] == "epoch"]
    assert [len(r["trials"]) for r in rounds] == [4, 4, 5, 5]
    several = [0, 0.25, 0.5, 0.75, 1]
    assert [r["tried_probabilities"] for r in rounds] == [None, None, several, several]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "The effect of each operation" in page and "How often to apply it" in page
    assert "by 18 trainings of proxy-4" in page and "not finished" not in page
    assert json.loads((tmp_path / "run" / "policy.json").read_text())


def test_a_search_within_its_budget(digits, tmp_path):
    given = {**FEW, "epochs": 1000, "images": 1000, "batch": 64}
    policy = dada.search(digits, out=tmp_path / "run", budget=4.0, **given)
    run = RunFolder.open(tmp_path / "run")
    settings = run.config["settings"]
    assert settings["epochs"] < 1000
    assert any(note.startswith("budget of 4 s") for note in run.config["data"]["notes"])
    again = dada.search(digits, out=tmp_path / "run", budget=4.0, resume=True, **given)
    assert again == policy
