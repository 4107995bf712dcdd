"""Searches within a budget: the choice for known speeds, and a real one."""

import time
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from dada.datasets import ImageSet
from dada.errors import UserError
from dada.runs import RunFolder
from dada.searching import search
from dada.searching.budget import within
from dada.searching.settings import Settings
from dada.searching.trials import TrialSearch
from tests.searching import SMALL


def search_at(seconds, monkeypatch):
    """A search whose every step takes so long, by a clock of its own."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("dada.searching.budget.time.perf_counter", lambda: clock.now)

    def begin(settings):
        half = (settings.images or 0) // 2
        images = ImageSet(torch.zeros(half, 1, 8, 8, dtype=torch.uint8), torch.zeros(half).long())

        def step(*_):
            clock.now += seconds
            return torch.zeros(3)

        batches = -(-half // settings.batch)
        return SimpleNamespace(
            settings=settings, train=images, valid=images, step=step, steps_per_epoch=batches
        )

    return begin


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (1e6, (20, 4000)),  # all of it
        (160, (9, 4000)),  # 144 steps of 16 an epoch
        (40, (5, 1792)),  # 36 steps: five epochs of 7 batches of 128, and as many to judge by
        (2, (1, 256)),  # one step
    ],
)
def test_fewer_epochs_and_then_fewer_images(budget, expected, monkeypatch):
    settings = Settings(images=4000, batch=128, epochs=20)
    chosen, note = within(settings, budget, search_at(1.0, monkeypatch))
    assert (chosen.epochs, chosen.images) == expected
    assert f"{expected[0]} epochs of {expected[1]} images" in note and "1.00 s a step" in note


def trials_at(start, each, monkeypatch):
    """A search by trials that take so long, and so long an epoch of 500 images, by a clock."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("dada.searching.budget.time.perf_counter", lambda: clock.now)

    class Clocked(TrialSearch):
        def __init__(self, settings):
            self.settings, self.steps = settings, [15 * settings.epochs] * 4
            self.turns, self.at_once = 60, 1

        def rehearse(self, epochs):
            clock.now += start + each * epochs

    Clocked.steps = Clocked.turns = Clocked.at_once = None  # properties otherwise
    return Clocked


@pytest.mark.parametrize(
    ("budget", "processes", "expected"),
    [
        (1e6, 1, (100, 1000, 64)),  # all of it
        (400, 1, (50, 1000, 64)),  # 60 trials of 6 s, of which 1 s is no epoch's
        (200, 2, (50, 1000, 64)),
        (150, 1, (20, 625, 39)),  # 12.5 epochs of 1,000 are 20 of 625
        (70, 1, (7, 64, 16)),
    ],
)
def test_shorter_trials_and_then_fewer_images(budget, processes, expected, monkeypatch):
    settings = Settings(images=1000, batch=64, epochs=100)
    begin = trials_at(1.0, 0.1, monkeypatch)
    chosen, note = within(settings, budget, begin, processes)
    assert (chosen.epochs, chosen.images, chosen.batch) == expected
    assert f"60 trials of {expected[0]} epochs on {expected[1]} images" in note
    assert f"budget of {budget:.0f} s at 0.10 s an epoch" in note


def test_a_search_within_its_budget_says_so_and_goes_on(digits, tmp_path):
    given = {**SMALL, "images": None, "epochs": 500, "model": "wrn-10-1", "batch": 64}
    started = time.perf_counter()
    policy = search(digits, out=tmp_path / "run", budget=3.0, **given)
    assert time.perf_counter() - started < 30, "not five hundred epochs"
    run = RunFolder.open(tmp_path / "run")
    settings = run.config["settings"]
    assert settings["epochs"] < 500
    assert any(note.startswith("budget of 3 s") for note in run.config["data"]["notes"])
    assert policy.provenance["epochs_done"] == settings["epochs"]
    again = search(digits, out=tmp_path / "run", budget=3.0, resume=True, **given)
    assert again == policy


def test_a_users_network_is_not_trained_by_the_trial(digits):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    other.load_state_dict(model.state_dict())
    search(digits, budget=1e6, **{**SMALL, "model": model})
    search(digits, **{**SMALL, "model": other})
    assert torch.equal(model[1].weight, other[1].weight)


def test_no_time_is_refused(digits):
    with pytest.raises(UserError, match="must be above 0"):
        search(digits, budget=0, **SMALL)
