"""Searches within a budget: the choice for known speeds, and a real one."""

import time
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from dada.deadline import Deadline
from dada.errors import UserError
from dada.runs import Callback, RunFolder
from dada.searching import search
from dada.searching.budget import replan, within
from dada.searching.method import Cost
from dada.searching.score import Score
from dada.searching.settings import make_settings
from dada.searching.trials import Trials
from tests.searching import SMALL
from tests.searching.trials import ARMS, begin, with_losses

SETTINGS = make_settings(images=1000, batch=64, epochs=100)


@pytest.fixture
def resolved(digits):
    """Settings of a search on 1,000 images."""
    return SETTINGS.resolve(digits)


def trainings_at(start, each, monkeypatch, digits, fixed=0.0, shared=True):
    """A search of 60 trainings that take so long, and so long per epoch of 500 images, by a clock.

    Of an epoch's time `fixed` is the same for any number of images. A rehearsal takes six epochs.
    """
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("time.perf_counter", lambda: clock.now)

    def begin(settings):
        epoch = fixed + (each - fixed) * settings.images / 1000

        def cost():
            clock.now += 3 * start + 6 * epoch
            return Cost(60, start, epoch, shared)

        problem = SimpleNamespace(images=digits.train)
        return SimpleNamespace(cost=cost, fewest_epochs=20, problem=problem)

    return begin


@pytest.mark.parametrize(
    ("budget", "processes", "expected"),
    [
        (1e6, 1, (100, 1000, 64)),  # all of it
        (400, 1, (50, 1000, 64)),  # 60 trials of 6 s, of which 1 s is no epoch's
        (200, 2, (50, 1000, 64)),
        (150, 1, (19, 625, 16)),  # 12.5 epochs of 1,000 are 20 of 625, less the time to see that
    ],
)
def test_shorter_trials_and_then_fewer_images(
    budget, processes, expected, monkeypatch, digits, resolved
):
    begin = trainings_at(1.0, 0.1, monkeypatch, digits)
    deadline = Deadline(budget, began=3.6)  # after the rehearsal
    chosen, found = within(resolved, deadline, begin, processes)
    assert (chosen.epochs, chosen.images, chosen.batch) == expected
    assert found == f"budget of {budget:.0f} s at {0.1 * expected[1] / 1000:.2f} s per epoch"


def test_a_budget_that_nothing_fits_into_is_said_to_be_too_short(monkeypatch, digits, resolved):
    begin = trainings_at(1.0, 0.1, monkeypatch, digits)
    chosen, found = within(resolved, Deadline(10, began=3.6), begin)
    assert chosen.epochs == 1 and found.endswith(
        "too short for the smallest search, which takes longer"
    )


def test_processes_that_share_batches_do_not_make_more_trainings(monkeypatch, digits, resolved):
    begin = trainings_at(1.0, 0.1, monkeypatch, digits, shared=False)
    chosen, _ = within(resolved, Deadline(400, began=3.6), begin, 2)
    assert chosen.epochs == 50


@pytest.mark.parametrize("fixed", [0.0, 0.02, 0.06, 0.1])
@pytest.mark.parametrize("budget", [30, 60, 100])
def test_an_epoch_of_fewer_images_is_rehearsed_before_its_time_is_believed(
    budget, fixed, monkeypatch, digits, resolved
):
    begin = trainings_at(0.01, 0.1, monkeypatch, digits, fixed)
    chosen, _ = within(resolved, Deadline(budget, began=0.0), begin)
    each = fixed + (0.1 - fixed) * chosen.images / 1000
    total = time.perf_counter() + 60 * (0.01 + each * chosen.epochs)
    assert 0.9 * budget - 60 * each <= total <= 0.9 * budget, "no epoch more, and none less"


def test_the_cost_of_a_step_ahead_is_its_steps(begin, monkeypatch):
    machine, search = Machine(monkeypatch), begin(images=160, batch=40, epochs=3)

    def step(self, *_):
        machine.work(0.5)
        return torch.zeros(3)

    monkeypatch.setattr("dada.searching.methods.dada.one_step.step.Step.__call__", step)
    assert search.cost() == Cost(1, 0.0, 2 * 0.5, shared=False)


def test_a_search_within_its_budget_says_so_and_goes_on(digits, tmp_path):
    given = {**SMALL, "images": None, "epochs": 500, "model": "wrn-10-1", "batch": 64}
    started = time.perf_counter()
    policy = search(digits, out=tmp_path / "run", budget=3.0, **given)
    assert time.perf_counter() - started < 30, "not five hundred epochs"
    run = RunFolder.open(tmp_path / "run")
    settings = run.config["settings"]
    assert settings["epochs"] < 500
    assert any(note.startswith("budget of 3 s") for note in run.config["data"]["notes"])
    epochs = [event for event in run.events if event["event"] == "epoch"]
    assert policy.provenance["epochs_done"] == len(epochs)
    again = search(digits, out=tmp_path / "run", budget=3.0, resume=True, **given)
    assert again == policy


def test_a_users_network_is_left_as_it_is(digits):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    before = model[1].weight.clone()
    search(digits, budget=1e6, **{**SMALL, "model": model})
    assert torch.equal(model[1].weight, before)


def test_no_time_is_refused(digits):
    with pytest.raises(UserError, match="must be a time above 0"):
        search(digits, budget=0, **SMALL)


class Machine:
    """A clock that trainings move: a second takes `slower` seconds from `change` on."""

    def __init__(self, monkeypatch, slower=1.0, change=0.0):
        self.now, self.slower, self.change = 0.0, slower, change
        monkeypatch.setattr("time.perf_counter", lambda: self.now)

    def work(self, seconds):
        self.now += seconds * (self.slower if self.now >= self.change else 1.0)


LOADS = [(1.0, 0.0), (2.0, 25.0), (2.0, 50.0), (2.0, 75.0), (2.0, 36.0), (3.0, 10.0), (0.5, 40.0)]


@pytest.mark.parametrize(("slower", "change"), LOADS)
def test_trials_keep_the_budget_whatever_else_the_machine_does(
    digits, tmp_path, monkeypatch, slower, change
):
    machine = Machine(monkeypatch, slower, change)

    def call(self, policy, fold, seed, epochs, trunk=None, on_epoch=lambda: None):
        machine.work(0.05 + 0.1 * epochs * len(fold.train) / 500)
        return Score(1.0, 1.0 + seed % 7 / 100, 0.5)

    monkeypatch.setattr(Trials, "trial", call)
    search(digits, out=tmp_path / "run", budget=100, epochs=400)
    assert 75 <= machine.now <= 125
    rounds = [e for e in RunFolder.open(tmp_path / "run").events if e["event"] == "epoch"]
    folds = RunFolder.open(tmp_path / "run").config["settings"]["folds"]
    assert 2 <= folds <= 8
    assert len(rounds) == folds + min(folds, 4), "however slow, every round is made"
    epochs = [record["trial_epochs"] for record in rounds]
    assert epochs == [rounds[0]["trial_epochs"], *epochs[1:]]
    assert any("replanned" in record for record in rounds) == (len(set(epochs)) > 1)
    if slower > 1:
        assert epochs[-1] < epochs[0]
    if slower < 1:
        assert epochs[-1] > epochs[0]


def test_a_busy_rehearsal_is_made_up_for_as_far_as_the_epochs_asked_for(
    digits, tmp_path, monkeypatch
):
    machine = Machine(monkeypatch, slower=3.0)

    def call(self, policy, fold, seed, epochs, trunk=None, on_epoch=lambda: None):
        machine.work(0.05 + 0.1 * epochs * len(fold.train) / 500)
        return Score(1.0, 1.0 + seed % 7 / 100, 0.5)

    class Quiet(Callback):
        def on_start(self, work):
            machine.slower = 1.0

    monkeypatch.setattr(Trials, "trial", call)
    search(digits, out=tmp_path / "run", budget=300, epochs=60, callback=Quiet())
    rounds = [e for e in RunFolder.open(tmp_path / "run").events if e["event"] == "epoch"]
    epochs = [record["trial_epochs"] for record in rounds]
    assert epochs[0] < 60 and epochs[1:] == [60] * (len(epochs) - 1)
    assert machine.now <= 300


def test_all_processes_have_the_plan_of_the_first(digits, monkeypatch):
    """A process may have another share of a round's trials, or none, as where eight share four."""

    class Process:
        size, sent = 8, None

        def __init__(self, rank):
            self.rank, self.first = rank, rank == 0

        def shard(self, rows):
            return rows.tensor_split(self.size)[self.rank]

        def sum(self, tensor, device):
            return tensor.clamp_min(1)

        def broadcast(self, value):
            Process.sent = value if self.first else Process.sent
            return Process.sent

    plans = []
    with_losses(monkeypatch, lambda policy: 1.0)
    for rank in (0, 3, 7):
        search = begin(digits, processes=Process(rank), epochs=80, folds=3)
        record = {**search.advance(), "seconds": 1.0}
        changed = replan(search, record, Deadline(3.0, began=time.perf_counter()), 80)
        plans.append((search.plan, changed))
    assert plans[0][0][1:] != [80] * 4 and plans[1:] == plans[:1] * 2


@pytest.mark.parametrize("method", ["random", "randaugment"])
@pytest.mark.parametrize(("slower", "change"), [(1.0, 0.0), (2.0, 25.0)])
def test_the_best_of_candidates_keeps_it_too(digits, tmp_path, monkeypatch, method, slower, change):
    """Of two rounds the second can make up for what the first took too long."""
    machine = Machine(monkeypatch, slower, change)

    def call(self, policy, fold, seed, epochs, trunk=None, on_epoch=lambda: None):
        machine.work(0.1 + 0.05 * epochs * len(fold.train) / 500)
        return Score(1.0, 1.0 + seed % 7 / 100, 0.5)

    monkeypatch.setattr(Trials, "trial", call)
    given = {"method": method, "epochs": 400}
    policy = search(digits, out=tmp_path / "run", budget=100, **given)
    assert 75 <= machine.now <= 125
    rounds = [e for e in RunFolder.open(tmp_path / "run").events if e["event"] == "epoch"]
    epochs = tuple(record["trial_epochs"] for record in rounds)
    assert len(epochs) == 2 and (epochs[1] < epochs[0]) == (slower > 1)
    # The same search without a clock, by the plan that it kept.
    settings = policy.provenance["settings"]
    assert settings["plan"] == (list(epochs) if slower > 1 else None)
    kept = {"plan": epochs, "images": settings["images"], "batch": settings["batch"]}
    again = search(digits, **{**given, **kept, "epochs": settings["epochs"]})
    assert again.sub_policies == policy.sub_policies


@pytest.mark.parametrize(("slower", "change"), LOADS[::3])
def test_a_search_a_step_at_a_time_keeps_the_budget_too(
    digits, tmp_path, monkeypatch, slower, change
):
    machine = Machine(monkeypatch, slower, change)

    def step(self, *_):
        machine.work(0.8)
        return torch.ones(3)

    monkeypatch.setattr("dada.searching.methods.dada.one_step.step.Step.__call__", step)
    given = {**SMALL, "images": 200, "epochs": 500}
    policy = search(digits, out=tmp_path / "run", budget="100s", **given)
    assert 75 <= machine.now <= 125
    # The same search without a clock, by the plan that it kept.
    plan = policy.provenance["settings"]["plan"]
    if plan:
        given["epochs"] = policy.provenance["settings"]["epochs"]
        again = search(digits, **{**given, "plan": tuple(plan)})
        assert again == policy


def test_a_changed_plan_makes_the_same_policy_again_and_goes_on_the_same(
    digits, tmp_path, monkeypatch
):
    machine, plain = Machine(monkeypatch, 3.0, 3.0), Trials.trial

    def call(self, policy, fold, seed, epochs, *given, **named):
        machine.work(0.1 * epochs)
        return plain(self, policy, fold, seed, epochs, *given, **named)

    class StopAfter(Callback):
        def on_record(self, record):
            if record["epoch"] == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(Trials, "trial", call)
    given = {**ARMS, "epochs": 20}
    with pytest.raises(KeyboardInterrupt):
        search(digits, out=tmp_path / "run", budget=20, callback=StopAfter(), **given)
    events = RunFolder.open(tmp_path / "run").events
    plan = next(e["plan"] for e in reversed(events) if "plan" in e)
    policy = search(digits, out=tmp_path / "run", budget=20, resume=True, **given)
    rounds = [e for e in RunFolder.open(tmp_path / "run").events if e["event"] == "epoch"]
    assert [e["trial_epochs"] for e in rounds] == plan and len(set(plan)) > 1
    settings = policy.provenance["settings"]
    assert settings["plan"] == plan
    chosen = {name: settings[name] for name in ("images", "batch", "epochs", "fold_images")}
    again = search(digits, out=tmp_path / "again", **{**given, **chosen, "plan": plan})
    assert again == policy
    repeated = [e for e in RunFolder.open(tmp_path / "again").events if e["event"] == "epoch"]
    assert [e["trials"] for e in repeated] == [e["trials"] for e in rounds]


@pytest.mark.parametrize("preset", ["step", "default"])
def test_a_hopeless_budget_still_keeps_every_class(digits, preset):
    model = {"step": "wrn-10-1", "default": "proxy-4"}[preset]
    given = {"images": 200, "epochs": 6, "batch": 4, "model": model}
    assert search(digits, preset=preset, budget=1e-3, **given).sub_policies
