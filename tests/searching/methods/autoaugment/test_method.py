"""A whole search: what children are rewarded for, and that it goes on to the same bytes."""

import json

import pytest
import torch

import dada
from dada.policy import Policy
from dada.searching.methods.autoaugment.ppo import Learner
from dada.searching.rounds import NONE
from dada.searching.score import Score
from dada.searching.trials import Trials
from tests.cli.commands import call
from tests.searching.trials import FEW, begin, finished

GIVEN = {
    **FEW,
    "method": "autoaugment",
    "children": 5,
    "children_per_update": 2,
    "best": 2,
    "controller_epochs": 2,
}


def with_accuracies(monkeypatch, accuracy_of, loss=0.5):
    def trial(self, policy, fold, seed, epochs, trunk=None, on_epoch=lambda: None):
        for _ in range(epochs):
            on_epoch()
        return Score(1.0, loss, accuracy_of(policy))

    monkeypatch.setattr("dada.searching.trials.stack_size", lambda *_: 1)
    monkeypatch.setattr(Trials, "trial", trial)


def rotation(policy):
    """The share of a policy's operations that are rotations."""
    operations = [o.name for s in policy.sub_policies for o in s.operations]
    return 0.4 if policy.is_none else 0.5 + 0.5 * operations.count("Rotate") / len(operations)


def test_batches_of_children_and_a_training_without_a_policy(digits, monkeypatch):
    with_accuracies(monkeypatch, rotation)
    search = begin(digits, **GIVEN)
    assert search.length == 3 and search.sizes == [3, 3, 2]
    records = finished(search)
    named = [list(record["trials"]) for record in records]
    assert named == [[NONE, "child 1", "child 2"], [NONE, "child 3", "child 4"], [NONE, "child 5"]]
    assert search.steps == [2 * size for size in search.sizes]


def test_children_are_policies_of_five_sub_policies_of_two(digits):
    search = begin(digits, **GIVEN, size=5)
    none, *children = search.candidates(0).values()
    assert none.is_none and len(set(map(repr, children))) == 2
    for child in children:
        assert len(child.sub_policies) == 5 and child.scale == search.problem.space.scale
        assert {len(s.operations) for s in child.sub_policies} == {2}
    assert search.learner.controller.length == 30


def test_no_image_both_trains_and_judges(digits):
    (fold,) = begin(digits, **GIVEN, fold_images=20).folds
    train, judges = (
        {image.numpy().tobytes() for image in part.images} for part in (fold.train, fold.judges)
    )
    assert 20 <= len(fold.train) < 30 and not train & judges


def test_the_controller_learns_from_the_accuracy_of_children_alone(digits, monkeypatch):
    with_accuracies(monkeypatch, rotation)
    told, plain = [], Learner.learn

    def learn(self, decisions, rewards):
        told.append((decisions, rewards.tolist()))
        return plain(self, decisions, rewards)

    monkeypatch.setattr(Learner, "learn", learn)
    search = begin(digits, **GIVEN)
    for number in range(search.length):
        _, *children = search.candidates(number).values()
        record = search.advance()
        assert told[-1][1] == [rotation(child) for child in children]
        assert record["baseline"] == search.baselines[-1]
        assert record["controller"]["operations"].keys() == set(FEW["operations"])
    assert len(told) == 3


def test_the_policy_is_the_best_children_together(digits, monkeypatch):
    with_accuracies(monkeypatch, rotation)
    search, tried = begin(digits, **GIVEN), {}
    assert search.policy("", {}).is_none, "nothing is known yet"
    for number in range(search.length):
        tried |= search.candidates(number)
        search.advance()
    best = sorted(list(tried)[1:], key=lambda name: -rotation(tried[name]))[:2]
    found = search.policy("digits", {"seed": 0})
    assert found.provenance == {"seed": 0, "children": best} and len(found.sub_policies) == 10
    together = tuple(s for name in best for s in tried[name].sub_policies)
    assert found == Policy(together, found.scale, "digits", found.provenance).rounded()
    assert set(found.weights) == {0.1}


def test_what_the_controller_comes_to_like_is_what_is_rewarded(digits, monkeypatch):
    """As many as a hundred children, so that it shows; trainings cost nothing here."""
    with_accuracies(monkeypatch, rotation)
    many = {"children": 100, "children_per_update": 20, "size": 1, "controller_epochs": 20}
    records = finished(begin(digits, **{**GIVEN, **many}))
    likes = [record["controller"]["operations"]["Rotate"] for record in records]
    assert likes[-1] > 0.6 > likes[0] > 1 / 3 and likes == sorted(likes)
    assert records[-1]["controller"]["entropy"] < records[0]["controller"]["entropy"] < 1


def test_the_best_children_may_be_luck_and_it_says_so(digits, monkeypatch):
    with_accuracies(monkeypatch, rotation)
    records = finished(begin(digits, **{**GIVEN, "children": 10}))
    first, second, third, fourth, last = (record["findings"]["notes"] for record in records)
    assert first[0].endswith("which one batch cannot tell from luck")
    assert second[0].endswith("which the best of as many without one might reach by luck")
    assert third[0].endswith("against 40.0 % without one, which is more than luck")
    assert not fourth, "nothing new"
    assert last[0].startswith("the best of 10 trainings with a policy has an accuracy of ")
    with_accuracies(monkeypatch, rotation, loss=50.0)
    (note,) = finished(begin(digits, **GIVEN))[-1]["findings"]["notes"]
    assert note.startswith("no network did better than guessing")


def test_another_seed_is_another_search(digits):
    one, other = (begin(digits, **GIVEN, seed=seed) for seed in (0, 1))
    assert not torch.equal(one.drawn(0), other.drawn(0))


def test_when_time_is_short_fewer_children_are_tried_and_it_can_be_repeated(digits, monkeypatch):
    with_accuracies(monkeypatch, rotation)
    search = begin(digits, **{**GIVEN, "children": 10})
    search.advance()
    search.replan(0.5, 2)
    assert search.plan == [2] * 3 and search.plan_in_words() == "the search tries 6 policies in all"
    assert search.changed_plan == {"children": 6}
    finished_search = search.policy("", {}) and [search.advance() for _ in range(2)]
    again = begin(digits, **{**GIVEN, "children": 6})
    for record, same in zip(finished_search, finished(again)[1:], strict=True):
        assert record["trials"] == same["trials"]
    assert again.policy("", {}) == search.policy("", {})
    assert again.changed_plan == {}


def test_a_plan_grows_again_but_not_beyond_what_was_asked_for(digits, monkeypatch):
    with_accuracies(monkeypatch, rotation)
    search = begin(digits, **{**GIVEN, "children": 10})
    search.advance()
    search.replan(0.5, 2)
    search.advance()
    search.replan(10.0, 2)
    assert search.plan == [2] * 5 and search.changed_plan == {}
    search.replan(0.0, 2)
    assert search.length == search.iteration == 2


def test_a_search_cut_by_a_budget_goes_on_from_its_state(digits, monkeypatch):
    with_accuracies(monkeypatch, rotation)
    search, again = (begin(digits, **{**GIVEN, "children": 10}) for _ in range(2))
    search.advance()
    search.replan(0.5, 2)
    again.load_state_dict(search.state_dict())
    assert again.plan == search.plan and finished_alike(search, again)
    with pytest.raises(ValueError, match="other rounds"):
        begin(digits, **{**GIVEN, "children": 2}).load_state_dict(search.state_dict())


def finished_alike(one, other):
    for each in (one, other):
        while each.iteration < each.length:
            each.advance()
    return one.policy("", {}) == other.policy("", {})


def test_few_updates_are_said_to_teach_the_controller_little(digits):
    *_, caution = begin(digits, **GIVEN).cautions()
    assert caution.startswith("the controller learns 3 times: ")
    assert begin(digits, method="autoaugment", epochs=20).cautions() == ()


def test_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = "children=3 children_per_update=2 size=1 model=proxy-4 images=60 batch=15"
    sets = " ".join(f"--set {one}" for one in given.split())
    result = call(
        f"search digits --method autoaugment --epochs 1 {sets} -o run", monkeypatch, capsys
    )
    assert result.code == 0, result.err
    assert "3 policies, 5 trials of proxy-4" in result.out + result.err
    policy = dada.load_policy(tmp_path / "run")
    assert len(policy.sub_policies) == 3 and policy.provenance["method"] == "AutoAugment"
    page = (tmp_path / "run" / "report.html").read_text()
    for title in (
        "The reward of each child",
        "How undecided the controller is",
        "Which operations the controller likes",
    ):
        assert title in page
    assert "method autoaugment" in page
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").open()]
    assert [len(e["trials"]) for e in events if "trials" in e] == [3, 2]
