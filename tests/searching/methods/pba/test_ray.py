"""The decisions are Ray Tune's: the same as those of a whole run of Tune's own."""

import json
import random

import pytest

import dada
from dada.policy import PolicySchedule
from dada.searching.methods.pba.competition import Entry, compete, population_based_training
from dada.searching.methods.pba.history import Round, ancestry
from dada.searching.methods.pba.values import no_policy
from tests.cli.commands import call

ray = pytest.importorskip("ray")
pytest.importorskip("ray.tune")

TRIALS, ROUNDS, SEED = 8, 4, 3
NOTHING = no_policy(("Rotate", "Invert"))


def test_a_run_of_tune_decides_alike(tmp_path, monkeypatch):
    from ray import tune

    class Trial(tune.Trainable):
        """A training that anyone can do, after which two trials never score the same. All that
        it needs is inside, so that Ray's workers need not import PyTorch."""

        @staticmethod
        def trained(weights, values):
            changes = sum((place + 1) * value for place, value in enumerate(values))
            return (31 * weights + changes + 7) % 10007

        def setup(self, config):
            self.weights, self.path = config["number"], []

        def step(self):
            self.path.append(list(self.config["values"]))
            self.weights = self.trained(self.weights, self.config["values"])
            return {"accuracy": self.weights / 10007, "path": json.dumps(self.path)}

        def reset_config(self, config):
            self.weights, self.path = config["number"], []
            return True

        def save_checkpoint(self, folder):
            return {"weights": self.weights, "path": self.path}

        def load_checkpoint(self, state):
            self.weights, self.path = state["weights"], list(state["path"])

    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        found = tune.Tuner(
            Trial,
            param_space={"number": tune.grid_search(list(range(TRIALS))), "values": NOTHING},
            tune_config=tune.TuneConfig(
                scheduler=population_based_training(SEED), reuse_actors=True
            ),
            run_config=tune.RunConfig(
                storage_path=str(tmp_path), stop={"training_iteration": ROUNDS}, verbose=0
            ),
        ).fit()
        theirs = [(r.metrics["accuracy"], json.loads(r.metrics["path"])) for r in found]
    finally:
        ray.shutdown()

    entries = [Entry(number, NOTHING) for number in range(TRIALS)]
    states, history = [(number, []) for number in range(TRIALS)], []
    for number in range(1, ROUNDS + 1):
        before = [states[entry.source] for entry in entries]
        states = [
            (Trial.trained(weights, e.values), [*path, list(e.values)])
            for (weights, path), e in zip(before, entries, strict=True)
        ]
        scores = [weights / 10007 for weights, _ in states]
        values = [list(entry.values) for entry in entries]
        history.append(
            Round(1, [entry.source for entry in entries], values, [1.0] * TRIALS, scores)
        )
        entries = compete([e.values for e in entries], scores, number=number, seed=SEED)
    ours = [(weights / 10007, path) for weights, path in states]
    assert ours == theirs
    lines = [ancestry(history, trial) for trial in range(TRIALS)]
    ancestral = [
        [one.values[trial] for one, trial in zip(history, line, strict=True)] for line in lines
    ]
    assert ancestral == [path for _, path in theirs], "the schedules"
    assert len({json.dumps(path[-1]) for _, path in ours}) > TRIALS // 2, "many policies"


def test_the_worst_quarter_copies_the_best():
    values = [(n % 11, n % 10) * 2 for n in range(8)]
    scores = [0.5, 0.3, 0.7, 0.2, 0.9, 0.1, 0.6, 0.8]
    sources, changed = set(), 0
    for seed in range(20):
        for trial, entry in enumerate(compete(values, scores, number=1, seed=seed)):
            if trial in (3, 5):
                sources.add((trial, entry.source))
                changed += entry.values != values[entry.source]
            else:
                assert entry == Entry(trial, values[trial])
    assert sources == {(3, 4), (3, 7), (5, 4), (5, 7)}
    assert changed > 30, "nearly all of 40 copies explore"


def test_the_seed_and_the_round_are_all_that_decides():
    values, scores = [NOTHING] * 4, [0.1, 0.2, 0.3, 0.4]
    state = random.getstate()
    first = compete(values, scores, number=1, seed=0)
    assert random.getstate() == state, "Python's generator is as it was"
    random.seed(5)
    assert compete(values, scores, number=1, seed=0) == first
    assert compete(values, scores, number=2, seed=0) != first
    assert compete(values, scores, number=1, seed=1) != first


def test_the_command_line(tmp_path, monkeypatch, capsys, learned):
    monkeypatch.chdir(tmp_path)
    words = (
        "search digits --method pba --set trials=4 --set interval=2 --images 60 --epochs 4 "
        "--model proxy-4 --batch 15 --operations Rotate,Invert,Brightness --seed 3 -o run"
    )
    result = call(words, monkeypatch, capsys)
    assert result.code == 0, result
    assert "a population of 4 trials of proxy-4, 4 epochs each" in result.out + result.err
    assert "Exploit" not in result.out + result.err, "Ray's own lines"
    found = dada.load_policy("run")
    assert isinstance(found, PolicySchedule) and found.epochs == 4
    assert "The trials" in (tmp_path / "run" / "report.html").read_text()
