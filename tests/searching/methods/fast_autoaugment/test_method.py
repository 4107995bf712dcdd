"""Fast AutoAugment as a search: what it keeps, and that it ends alike however it is run."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.model_selection import StratifiedShuffleSplit

import dada
from dada.augment import Sampler, apply
from dada.compute.randomness import stream
from dada.deadline import Deadline
from dada.errors import DivergedError, UserError
from dada.policy import Policy
from dada.runs import RunFolder
from dada.searching import make_settings
from dada.searching.budget import replan, within
from dada.searching.methods.fast_autoaugment import folds, lab, method, settings
from dada.searching.methods.fast_autoaugment.matching import Match
from tests.searching.trials import begin, finished

FEW = {"method": "fast_autoaugment", "folds": 2, "trials": 5, "size": 2, "kept_share": 0.4}
SMALL = {
    **FEW,
    "model": "proxy-4",
    "images": 60,
    "epochs": 2,
    "precision": "float32",
    "operations": ("Rotate", "Invert", "Brightness"),
}


@pytest.fixture(autouse=True)
def they_learn_and_rounds_are_short(monkeypatch):
    """Two epochs teach nothing: as if they did. And rounds have three trials on each fold."""
    monkeypatch.setattr(folds, "guess", lambda *_: float("inf"))
    monkeypatch.setattr(settings, "BLOCK", 3)


def policy_of(search):
    return search.policy("found", {})


def test_folds_are_those_of_the_published_code(digits):
    search = begin(digits, method="fast_autoaugment", images=100)
    images = search.problem.images
    cutter = StratifiedShuffleSplit(n_splits=5, test_size=0.4, random_state=0)
    expected = list(cutter.split(np.zeros(100), images.labels.numpy()))
    assert len(search.folds) == 5
    for fold, (train, held) in zip(search.folds.images, expected, strict=True):
        assert torch.equal(fold.train.images, images.images[train])
        assert torch.equal(fold.judges.images, images.images[held])


def test_the_published_settings(monkeypatch):
    monkeypatch.setattr(settings, "BLOCK", 10)
    published = make_settings(method="fast_autoaugment", trials=200, drawn_views=True)
    assert (published.folds, published.held_out, published.size, published.length) == (5, 0.4, 5, 2)
    assert round(published.kept_share * published.trials) == 10
    assert published.rounds_in_all == 21 and sum(published.usual_plan[1:]) == 200


def test_rounds_are_children_and_then_blocks_of_trials(digits):
    search = begin(digits, **FEW)
    ticks = []
    records = [search.advance(lambda: ticks.append(1)) for _ in range(search.length)]
    assert search.plan == [2, 3, 2] and search.steps == [4, 6, 4] == [r["steps"] for r in records]
    assert len(ticks) == sum(search.steps)
    assert [len(r.get("children", ())) for r in records] == [2, 0, 0]
    assert [[len(f) for f in r["tried"]] for r in records[1:]] == [[3, 3], [2, 2]]
    assert [r["views"] for r in records] == [2 * 2 * 36, 0, 0]
    assert [r["looks"] for r in records] == [2 * 24, 2 * 24 * 2 * 3, 2 * 24 * 2 * 2]
    json.dumps(records)


def test_a_childs_training_knows_no_policy(digits):
    search = begin(digits, **FEW)
    search.advance()
    found = search.folds
    for fold, seed, child in zip(found.images, found.seeds, found.children, strict=True):
        assert found.lab.trial(Policy.none(), fold, seed, 2) == child
    assert len({child.loss for child in found.children}) == 2


@pytest.mark.parametrize("drawn", [False, True])
def test_a_trial_is_judged_by_its_child_under_its_set(digits, drawn):
    """One by one, without the method's own batches."""
    search = begin(digits, **FEW, drawn_views=drawn)
    for _ in range(2):
        search.advance()
    fold, seed, tried = search.folds.images[1], search.folds.seeds[1], search.folds.tried[1][2]
    generator = torch.Generator().manual_seed(stream(stream(stream(seed, 4), 2), 1))
    child, pipeline, scale = (
        search.folds.lab.child(search.folds.weights[1]),
        search.problem.pipeline,
        search.problem.space.scale,
    )
    whole = Policy(tried.parts, scale)
    policies = [whole] * 2 if drawn else [Policy((p,), scale) for p in tried.parts]
    cropped = [pipeline.before_policy(fold.judges.images, generator) for _ in policies]
    pairs = zip(cropped, policies, strict=True)
    seen = [apply(images, Sampler(p)(len(images), generator)) for images, p in pairs]
    losses = torch.stack(
        [
            torch.nn.functional.cross_entropy(
                child.logits(pipeline.normalise(images)), fold.judges.labels, reduction="none"
            )
            for images in seen
        ]
    )
    assert tried.loss == pytest.approx(losses.min(0).values.mean().item(), rel=1e-5)


@pytest.mark.parametrize(("reward", "field"), [("loss", 1), ("accuracy", 2)])
def test_the_policy_is_the_best_sets_of_all_folds(digits, reward, field):
    search = begin(digits, **FEW, reward=reward)
    assert policy_of(search).is_none
    records = finished(search)
    expected = []
    for number in range(2):
        trials = [tuple(one.values()) for r in records[1:] for one in r["tried"][number]]
        order = sorted(range(5), key=lambda n: trials[n][field], reverse=reward == "accuracy")
        for n in order[:2]:
            names = []
            for sub in trials[n][0]:
                if [name for name, *_ in sub] not in names:
                    names.append([name for name, *_ in sub])
                    expected.append([(name, round(p, 6), round(m, 6)) for name, p, m in sub])
    found = policy_of(search)
    assert [
        [(o.name, o.probability, o.magnitude) for o in sub.operations] for sub in found.sub_policies
    ] == expected
    assert len(set(found.weights)) == 1
    assert {o.spread for sub in found.sub_policies for o in sub.operations} == {0.0}


def test_where_no_child_has_learnt_the_search_ends_with_a_note(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(folds, "guess", lambda *_: 0.0)
    policy = dada.search(digits, out=tmp_path / "run", **SMALL)
    _, record, finish = RunFolder.open(tmp_path / "run").events
    assert policy.is_none and "children" in record, "no trials"
    assert "better than guessing" in record["findings"]["notes"][0]
    assert finish["reason"].startswith("stopped before its trials")


def test_the_seed_is_all_that_decides_and_cores_change_nothing(digits):
    alone = dada.search(digits, **SMALL)
    torch.set_num_threads(2)
    try:
        together = dada.search(digits, **SMALL)
    finally:
        torch.set_num_threads(1)
    assert together.sub_policies == alone.sub_policies
    assert dada.search(digits, seed=1, **SMALL).sub_policies != alone.sub_policies


class Half:
    """One of two processes; what the other gathers is added by hand."""

    size = 2

    def __init__(self, rank, other):
        self.rank, self.first, self.other = rank, rank == 0, other

    def shard(self, batch):
        return batch.tensor_split(2)[self.rank]

    def all_gather(self, thing):
        return [thing, {number: self.other[number] for number in range(2) if number not in thing}]


def test_processes_share_the_folds(digits, monkeypatch):
    alone = begin(digits, **FEW)
    before, done = lab.Lab.gathered, []

    def kept(self, count, work, on_step):
        done.append(before(self, count, work, on_step))
        return done[-1]

    with monkeypatch.context() as patch:
        patch.setattr(lab.Lab, "gathered", kept)
        finished(alone)
    for rank in range(2):
        search = begin(digits, Half(rank, None), **FEW)
        assert search.steps == [steps // 2 for steps in alone.steps]
        for whole in done:
            search.problem.processes.other = whole
            search.advance()
        assert search.folds.tried == alone.folds.tried


def test_a_state_of_another_search_is_refused(digits):
    state = begin(digits, **FEW).state_dict()
    for other in ({"folds": 3}, {"trials": 3}):
        with pytest.raises(ValueError, match="other folds or rounds"):
            begin(digits, **{**FEW, **other}).load_state_dict(state)


def test_a_loss_that_is_no_number_stops(digits, monkeypatch):
    search = begin(digits, **FEW)
    search.advance()
    monkeypatch.setattr(lab, "match", lambda *_: Match(float("nan"), 0.0))
    with pytest.raises(DivergedError, match="trial 1, on fold 1"):
        search.advance()


def test_a_rehearsal_counts_a_quarter_of_the_trials(digits, monkeypatch):
    """Each takes ten seconds, and an epoch none: two trials, over four epochs."""
    clock = [0.0]

    def slow(self, number, trials, tick):
        clock[0] += 10 * trials

    monkeypatch.setattr(method.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(folds.Folds, "_tried", slow)
    cost = begin(digits, **{**FEW, "trials": 8, "epochs": 4}).cost()
    assert (cost.trainings, cost.start, cost.shared) == (2, 0.0, True)
    assert cost.epoch == pytest.approx(5, rel=1e-3)


def test_a_budget_is_kept_by_fewer_epochs_and_by_fewer_trials(digits):
    def rehearsed(s):
        return begin(digits, **{**FEW, "epochs": s.epochs, "images": s.images})

    asked = begin(digits, **{**FEW, "epochs": 100_000}).settings
    fitted, found = within(asked, Deadline.of(20), rehearsed)
    assert fitted.epochs < 100_000 and found.startswith("budget of 20 s")
    search = begin(digits, **FEW)
    record = search.advance()
    assert replan(search, record, Deadline.of(1e6), 2) is None, "never more than asked for"
    said = replan(search, record, Deadline.of(1e-6), 2)
    assert search.plan == [2, 1, 1] and said.endswith("2 more trials are made on each fold")
    assert search.changed_plan == {"plan": [2, 1, 1]}
    search.advance()
    search.advance()
    again = begin(digits, **FEW, plan=(2, 1, 1))
    finished(again)
    assert again.folds.tried == search.folds.tried and again.changed_plan == {}
    assert policy_of(again) == policy_of(search)


def test_what_is_left_is_in_units_of_the_last_round(digits):
    search = begin(digits, **FEW)
    first = 3 * 36 * 2 + 24  # learning counts three times, and then the child judges
    search.advance()
    assert search.remaining() == pytest.approx(24 * 2 * 5 / first)
    search.advance()
    assert search.remaining() == pytest.approx(2 / 3)
    assert [work for _, work in search.parts] == [2 * first, 2 * 24 * 2 * 3, 2 * 24 * 2 * 2]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"folds": 0}, "folds: .*greater than or equal to 1"),
        ({"held_out": 1.0}, "held_out: .*less than 1"),
        ({"kept_share": 0.0}, "kept_share: .*greater than 0"),
        ({"reward": "error"}, "reward: .*'loss' or 'accuracy'"),
        ({"plan": (3,)}, "plan: must be 35 numbers"),
        ({"rounds": 3}, "rounds has no effect with method fast_autoaugment"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(wrong, reason):
    with pytest.raises(UserError, match=reason):
        make_settings(method="fast_autoaugment", **wrong)


def test_the_page_shows_every_trial_the_best_so_far_and_what_is_kept(digits):
    search = begin(digits, **FEW)
    records, names = finished(search), search.problem.space.sub_policies
    given = search.settings.model_dump()
    rewards, kept = search.charts(given, names, json.loads(json.dumps(records)))
    assert rewards.x == list(range(1, 6)) and len(rewards.series) == 4
    for own, running in zip(rewards.series[:2], rewards.series[2:], strict=True):
        assert running.y[0] == own.y[0] and running.y[-1] == min(own.y)
        assert all(after <= before for before, after in pairwise(running.y))
    for place in range(2):
        assert sum(row.points[place] for row in kept.rows) == pytest.approx(100)
    entries = [
        o.name
        for fold in search.folds.tried
        for one in method.best(fold, 0.4, "loss")
        for sub in one.parts
        for o in sub.operations
    ]
    for row in kept.rows:
        assert row.mean == pytest.approx(100 * entries.count(row.name) / len(entries))
    assert kept.reference == pytest.approx(100 / 3)
    assert search.charts(given, names, records[:1]) == []
    said = search.summary(given, {"parameters": search.parameter_count}, records)
    assert said.startswith("by 2 trainings of proxy-4 (") and "10 trials on the images" in said
    assert said.endswith("seed 0. The policy is made of the best 4 sets.")
    said = search.summary({**given, "plan": (3, 5)}, {"parameters": 7}, records[:1])
    assert ", 3 epochs each," in said and "0 trials" in said and said.endswith("seed 0.")


def test_defaults_leave_enough_to_train_on(digits):
    found = make_settings(method="fast_autoaugment").resolve(digits)
    assert (found.images, found.epochs, found.batch) == (1000, 83, 64)
