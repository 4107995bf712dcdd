"""Rounds of trials: what they try, what they learn, and how they go on."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import dada
from dada.augment.sampler import random_magnitude
from dada.models import create
from dada.models.child import Child
from dada.ops import get
from dada.policy import Policy, trivial_augment
from dada.runs import RunFolder
from dada.searching.methods.dada.arms.critic import distribution_of
from dada.searching.methods.dada.arms.probability import PROBABILITIES, best_probability
from dada.searching.rounds import NONE
from dada.searching.score import Score
from dada.searching.trials import Trials
from tests.searching.trials import ARMS, begin, finished, with_losses

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
    spatial = torch.tensor([get(name).spatial for name in names])
    w = dict(zip(names, distribution_of(rewards, None, 0.8, spatial)[0].tolist(), strict=True))
    pairs = search.problem.space.sub_policies
    expected = np.array([w[a] * w[b] for a, b in pairs])
    assert search.distribution.weights().numpy() == pytest.approx(expected / expected.sum())
    probabilities = PROBABILITIES[1:]
    logs = torch.tensor([[1 + (a - 0.6) ** 2 for a in probabilities]] * 2).double().log()
    probability = best_probability(-logs, 2 * 0.8 * rewards.mean(0).std().item())
    policy = search.policy("found", {})
    assert len(policy.sub_policies) == len(pairs)
    for sub_policy in policy.sub_policies:
        for operation in sub_policy.operations:
            assert operation.probability == probability
            assert (operation.magnitude, operation.spread) == (0.5, 1.0)


def test_rounds_try_every_operation_on_the_folds_in_turn_and_then_amounts(digits, monkeypatch):
    seen = []
    rehearsed(monkeypatch, seen)
    search = begin(digits, folds=3, fold_images=20)
    records = finished(search)
    assert search.length == 6 and [r["epoch"] for r in records] == [1, 2, 3, 4, 5, 6]
    assert [list(r["trials"]) for r in records[:3]] == [[NONE, *search.operations]] * 3
    assert list(records[3]["trials"]) == ["0%", "25%", "50%", "75%", "100%"]
    rounds = [seen[0:4], seen[4:8], seen[8:12], seen[12:17], seen[17:22], seen[22:27]]
    folds = [{fold for _, _, fold, _ in trials} for trials in rounds]
    assert all(len(fold) == 1 for fold in folds)
    assert folds[:3] == folds[3:] and len(set.union(*folds)) == 3
    seeds = [{seed for *_, seed in trials} for trials in rounds]
    assert all(len(seed) == 1 for seed in seeds) and len(set.union(*seeds)) == 6
    assert rounds[0][0][0].is_none
    for policy, *_ in rounds[0][1:]:
        ((operation,),) = [s.operations for s in policy.sub_policies]
        assert (operation.probability, operation.magnitude, operation.spread) == (0.5, 0.5, 1.0)


def test_final_rounds_have_folds_of_their_own_if_there_are_enough_images(digits, monkeypatch):
    seen = []
    rehearsed(monkeypatch, seen)
    search = begin(digits, folds=2, fold_images=15, final_rounds=2)
    finished(search)
    rounds = [seen[0:4], seen[4:8], seen[8:13], seen[13:18]]
    assert len({fold for trials in rounds for _, _, fold, _ in trials}) == 4
    search = begin(digits, folds=2, fold_images=20, final_rounds=3)  # of 60 images, three folds
    assert search.length == 5 and len(search.folds) == 3
    assert [search.folds.index(search.fold_of(number)) for number in range(5)] == [0, 1, 2, 0, 1]


@pytest.mark.parametrize("helps", [True, False])
def test_a_rival_that_is_better_is_what_is_found(digits, tmp_path, monkeypatch, helps):
    rival = trivial_augment(ARMS["operations"])

    def call(self, policy, *given, **named):
        same = policy.sub_policies == rival.sub_policies
        return Score(1.0, (0.5 if helps else 2.1) if same else 2.0, 0.9)

    monkeypatch.setattr(Trials, "trial", call)
    found = dada.search(digits, out=tmp_path / "run", **ARMS, rivals=True)
    assert found == dada.load_policy(tmp_path / "run")
    last = [e for e in RunFolder.open(tmp_path / "run").events if "trials" in e][-1]
    assert list(last["trials"])[5:] == ["uniform", "TrivialAugment"]
    assert last["findings"]["probability"]["rival"] == ("TrivialAugment" if helps else None)
    if not helps:
        assert found.is_none
        return
    assert (found.sub_policies, found.scale) == (rival.sub_policies, rival.scale)
    assert found.provenance["candidate"] == "TrivialAugment"


@pytest.mark.parametrize("worse", [0.0, 1.0])
def test_no_augmentation_is_what_is_found_where_every_amount_hurts_or_none_matters(
    digits, tmp_path, monkeypatch, worse
):
    def call(self, policy, *given, **named):
        (first, *_) = policy.sub_policies[0].operations
        return Score(1.0, 0.67 + worse * first.probability, 0.5)

    monkeypatch.setattr(Trials, "trial", call)
    found = dada.search(digits, out=tmp_path / "run", **ARMS)
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


def test_any_module_is_tried_with_and_left_as_it_was(digits):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    before = model[1].weight.clone()
    policy = dada.search(digits, **{**ARMS, "model": model})
    assert torch.equal(model[1].weight, before)
    assert policy.provenance["settings"]["model"] == "Sequential"


def test_the_run_says_what_was_done(digits, tmp_path):
    dada.search(digits, out=tmp_path / "run", **ARMS)
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
    given = {**ARMS, "epochs": 1000, "images": 1000, "batch": 64}
    policy = dada.search(digits, out=tmp_path / "run", budget=4.0, **given)
    run = RunFolder.open(tmp_path / "run")
    settings = run.config["settings"]
    # On a machine that is busy for a moment, fewer images, on which all epochs fit.
    assert settings["epochs"] < 1000 or settings["images"] < 1000
    assert any(note.startswith("budget of 4 s") for note in run.config["data"]["notes"])
    again = dada.search(digits, out=tmp_path / "run", budget=4.0, resume=True, **given)
    assert again == policy


SIX = ("Rotate", "Brightness", "Invert", "ShearX", "Contrast", "Sharpness")
STRENGTHS = {"folds": 4, "fold_images": 15, "operations": SIX}


def test_arms_are_weak_and_strong_in_turn(digits):
    search = begin(digits, **STRENGTHS)
    names = list(search.operations)
    sides = search.sides
    assert (sides.sum(0) == 0).all(), "as often weak as strong"
    assert (sides[:, names.index("Invert")] == 0).all(), "it has no magnitude"
    others = [name != "Invert" for name in names]
    assert (sides[:, others].abs() - 0.8).abs().max() < 1e-6
    assert (sides[1::2] == -sides[0::2]).all(), "in a pair of folds once weak and once strong"
    for pair in range(2):  # by a binary digit of the operation's place, another one in each pair
        strong = [side > 0 for side in sides[2 * pair].tolist()]
        places = enumerate(zip(strong, others, strict=True))
        assert all(is_strong == bool(i >> pair & 1) for i, (is_strong, has) in places if has)
    for number in range(4):
        tried = search.candidates(number)
        for name, side in zip(names, sides[number].tolist(), strict=True):
            [[operation]] = [s.operations for s in tried[name].sub_policies]
            assert (operation.probability, operation.spread) == (0.5, 1.0)
            assert operation.magnitude == {0.8: 0.9, -0.8: 0.1, 0.0: 0.5}[round(side, 6)]


@pytest.mark.parametrize(("magnitude", "side"), [(0.1, -0.8), (0.5, 0.0), (0.9, 0.8)])
def test_a_side_is_how_much_more_often_the_strong_half_is_drawn(magnitude, side):
    noise = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
    drawn = random_magnitude(torch.full_like(noise, magnitude), torch.ones_like(noise), noise)
    assert (drawn - 0.5).sign().mean().item() == pytest.approx(side, abs=1e-3)


@pytest.mark.parametrize("folds", [1, 2, 3, 5])
def test_of_few_or_an_odd_number_of_folds_arms_have_any_strength(digits, folds):
    search = begin(digits, folds=folds, fold_images=10, operations=SIX)
    assert search.sides.tolist() == [[0.0] * len(SIX)] * folds
    [[operation]] = [s.operations for s in search.candidates(0)["Rotate"].sub_policies]
    assert operation.magnitude == 0.5


def planted(weak, noise=0.0):
    """Losses of arms: every operation saves something, and `weak` saves more where it is weak."""
    random = np.random.default_rng(0)

    def loss_of(policy):
        if policy.is_none:
            return 2.0
        (first, *more) = policy.sub_policies[0].operations
        if more:
            return 1 + (first.probability - 0.5) ** 2
        saved = 0.1 * SIX.index(first.name) + noise * random.standard_normal()
        return 2 * np.exp(0.2 * (first.magnitude > 0.5) * (first.name == weak) - saved)

    return loss_of


@pytest.mark.parametrize("weak", ["Rotate", "ShearX", "Sharpness"])
def test_a_better_weak_half_makes_magnitudes_small_for_that_operation(digits, monkeypatch, weak):
    with_losses(monkeypatch, planted(weak, noise=0.002))
    search = begin(digits, **STRENGTHS, kl_weight=0.6)
    *_, last = finished(search)
    found = last["findings"]
    centres = {name: found["operations"][name]["strong"] for name in SIX}
    assert centres.pop("Invert") is None
    logits = {name: np.log(centre / (1 - centre)) for name, centre in centres.items()}
    own = logits.pop(weak)
    assert own < -0.5 and all(abs(other) < -own / 3 for other in logits.values())
    assert found["contrasts"]["reliability"] > 0.8
    for sub_policy in search.policy("found", {}).sub_policies:
        for operation in sub_policy.operations:
            assert operation.magnitude == pytest.approx(
                {**centres, "Invert": 0.5}[operation.name], abs=1e-6
            )


def test_strengths_that_make_no_difference_leave_magnitudes_alone(digits, monkeypatch):
    with_losses(monkeypatch, planted(None, noise=0.0))
    search = begin(digits, **STRENGTHS)
    *_, last = finished(search)
    assert {o["strong"] for o in last["findings"]["operations"].values()} == {0.5, None}
    assert any("magnitudes stay random" in note for note in last["findings"]["notes"])


def test_a_pair_of_folds_that_is_half_done_waits_for_the_other(digits, monkeypatch):
    with_losses(monkeypatch, planted("Rotate", noise=0.01))
    search = begin(digits, **STRENGTHS)
    records = finished(search)
    of_folds = [record["findings"]["contrasts"] for record in records[:4]]
    assert of_folds[0] is None and of_folds[1] == of_folds[2] != of_folds[3]
    assert records[1]["weights"] == records[2]["weights"] != records[3]["weights"]


@pytest.mark.parametrize(
    ("horizon", "epochs", "own"),
    [(1.0, 4, 4), (0.5, 4, 2), (0.25, 4, 1), (0.3, 10, 3), (0.001, 10, 1), (0.99, 10, 10)],
)
def test_the_horizon_is_the_share_that_arms_train_by_themselves(
    digits, monkeypatch, horizon, epochs, own
):
    """And a fold's arms have one trunk, which is trained once."""
    search, seen = begin(digits, horizon=horizon, epochs=epochs), []
    plain = Child.gradient

    def gradient(self, images, labels, weights=None):
        seen.append(len(images))
        return plain(self, images, labels, weights)

    monkeypatch.setattr(Child, "gradient", gradient)
    for arms in (4, 4, 5, 5):
        seen.clear()
        ticks = []
        record = search.advance(lambda ticks=ticks: ticks.append(1))
        assert len(ticks) == record["steps"] == arms * own + epochs - own
        assert sum(seen) == record["views"] == 30 * len(ticks)
        assert record["trial_epochs"] == epochs
    assert search.steps == [arms * own + epochs - own for arms in (4, 4, 5, 5)]


def test_a_fraction_of_an_epoch_is_an_epoch_and_a_whole_training_has_no_trunk(digits):
    assert begin(digits).trunk(0, lambda: None) is None
    search = begin(digits, horizon=0.5, epochs=3)
    assert [search.own_epochs(epochs) for epochs in (1, 2, 3, 4, 40)] == [1, 1, 2, 2, 20]


def test_another_plan_has_the_same_horizon(digits, monkeypatch):
    """As a budget makes one between two rounds."""
    trunks = []

    def trunk(self, fold, seed, epochs, until, on_epoch):
        trunks.append((epochs, until))

    monkeypatch.setattr(Trials, "trunk", trunk)
    with_losses(monkeypatch, lambda policy: 1.0)
    search = begin(digits, horizon=0.25, epochs=40)
    search.advance()
    search.replan(0.5, 40)
    assert search.plan == [40, 20, 20, 20]
    assert search.steps == [4 * 10 + 30, 4 * 5 + 15, 5 * 5 + 15, 5 * 5 + 15]
    search.advance()
    assert trunks == [(40, 30), (20, 15)]


@pytest.mark.parametrize("most", [50, 90, 91, 92, 100, 101, 102, 5000])
def test_judges_are_images_outside_the_fold_and_not_too_many(digits, monkeypatch, most):
    """Of 135 images about 101 are outside a fold; a choice of nearly all of them leaves each class
    its share, so that it may be a few fewer."""
    monkeypatch.setattr("dada.searching.methods.dada.arms.method._MOST_JUDGES", most)
    search = begin(digits, images=135, folds=3, fold_images=30)
    for fold in search.folds:
        outside = 135 - len(fold.train)
        assert min(most, outside - 10) <= len(fold.judges) <= min(most, outside)
        assert most < outside or len(fold.judges) == outside
        train, judges = (
            {image.numpy().tobytes() for image in images.images}
            for images in (fold.train, fold.judges)
        )
        assert not train & judges
        assert len(set(fold.judges.labels.tolist())) == 10


def test_trials_from_pretrained_weights_may_be_short(digits, tmp_path):
    """Half a minute of fine-tuning is no sign of haste."""
    torch.save(create("wrn-10-1", 10, 1).state_dict(), tmp_path / "weights.pt")
    tuned = {"weights": str(tmp_path / "weights.pt"), "model": "wrn-10-1", "folds": 2}
    for epochs, given, short in ((12, tuned, False), (7, tuned, True), (12, {"folds": 2}, True)):
        search = begin(digits, **({"images": 100, "fold_images": 30, "epochs": epochs} | given))
        assert bool(search.cautions()) is short
