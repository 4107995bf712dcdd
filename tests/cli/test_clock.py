"""The time left, against simulated work whose end is known."""

from types import SimpleNamespace

import pytest
import torch

from dada.cli.clock import Clock
from dada.comparison.work import ComparisonWork
from dada.training.augmentations import BASELINE, Method
from tests.searching.trials import begin


@pytest.fixture
def now(monkeypatch):
    """A clock to be set."""
    time = SimpleNamespace(at=0.0)
    monkeypatch.setattr("time.monotonic", lambda: time.at)
    return time


@pytest.mark.parametrize(("trainings", "workers"), [(5, 2), (7, 3), (6, 2), (4, 8), (3, 1)])
def test_of_trainings_in_parallel(now, monkeypatch, trainings, workers):
    """Each has ten steps of a second; whoever is free takes the next. Right at every step, though
    the last trainings leave some workers without one."""
    monkeypatch.setattr("dada.comparison.work.concurrency", lambda n, *_, **__: min(n, workers))
    bench = SimpleNamespace(steps=10, device=torch.device("cpu"), load={}, dataset=None)
    rows = [BASELINE, *(Method(str(n), None) for n in range(1, trainings))]
    clock = Clock(ComparisonWork(bench, rows, range(1)).parts)
    ends = [
        10.0 * (number // workers) + step for number in range(trainings) for step in range(1, 11)
    ]
    for done, at in enumerate(sorted(ends), 1):
        now.at = at
        if done == sum(end <= at for end in ends):  # all steps of this second
            assert clock.left(done) == pytest.approx(max(ends) - at)


def test_of_rounds_of_different_lengths(now, digits):
    """The rounds of operations have many trials at once, the others few; each round takes as long
    as its turns, and within a round the steps come evenly."""
    search = begin(digits, epochs=80, folds=3)
    clock, done = Clock(search.parts), 0
    turns = [search.turns(number) * epochs for number, epochs in enumerate(search.plan)]
    assert len({work / steps for steps, work in search.parts if steps}) > 1, "so that they differ"
    for number, steps in enumerate(search.steps):
        for _ in range(steps):
            done += 1
            now.at += turns[number] / steps
            assert clock.left(done) == pytest.approx(sum(turns) - now.at, abs=1e-6)


def test_of_a_trunk_and_its_arms(digits):
    """The parts are those of whole rounds, with the trunk's first."""
    search = begin(digits, epochs=80, folds=3, horizon=0.25)
    pairs = list(zip(search.parts[::2], search.parts[1::2], strict=True))
    assert [trunk[0] + arms[0] for trunk, arms in pairs] == search.steps
    turns = [search.turns(number) * epochs for number, epochs in enumerate(search.plan)]
    assert [trunk[1] + arms[1] for trunk, arms in pairs] == pytest.approx(turns)
    assert all(trunk == (60, 60.0) for trunk, _ in pairs)


def test_of_work_that_was_resumed_and_changes_its_plan(now):
    clock = Clock([(100, 100.0), (100, 50.0)], done=50)
    assert clock.left(50) is None
    now.at = 30.0
    assert clock.left(60) == pytest.approx(3 * (40 + 50))
    clock.change([(100, 100.0), (20, 10.0)])
    assert clock.left(60) == pytest.approx(3 * (40 + 10))
    now.at = 60.0
    assert clock.left(120) == 0
