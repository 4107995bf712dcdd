"""One training, and where its result is stored."""

from dataclasses import replace

import torch

from benchmarks.search_quality import trainings
from benchmarks.search_quality.rows import row_of
from benchmarks.search_quality.splits import parts_of
from benchmarks.search_quality.store import Store
from dada.policy import Operation, Policy, Scale, SubPolicy
from dada.searching import make_settings
from dada.searching.problem import problem_of
from dada.searching.trials import Fold, Trials
from dada.training.augmentations import policy_method
from tests.benchmarks.search_quality.shared import SIZES, numbered

CPU = torch.device("cpu")


def job(**changes):
    parts = parts_of(numbered(100), SIZES)
    one = Policy((SubPolicy((Operation("Rotate", 0.5, 0.9),)),), Scale("strength"))
    given = {
        "name": "a job",
        "method": policy_method(one),
        "train": parts.fresh[0],
        "judges": parts.judges,
        "model": "proxy-4",
        "seed": 3,
        "epochs": 2,
    }
    return trainings.Job(**{**given, **changes})


def test_what_a_result_depends_on_is_in_its_key():
    known = job().key
    policy_of_another = job().method.policy
    named = replace(policy_of_another, name="another", provenance={"seed": 1})
    assert job(method=policy_method(named)).key == known, "the same augmentation"
    other = Policy((SubPolicy((Operation("Rotate", 0.5, 0.8),)),), Scale("strength"))
    changes = [
        {"method": policy_method(other)},
        {"method": row_of("trivialaugment").method(numbered(100))},
        {"train": job().judges},
        {"judges": job().train},
        {"model": "proxy-8"},
        {"seed": 4},
        {"epochs": 3},
    ]
    assert len({known, *(job(**change).key for change in changes)}) == 1 + len(changes)


def test_a_training_is_a_trial_on_more_judges():
    one, data = job(), numbered(100)
    settings = make_settings(model="proxy-4", images=10, batch=16, pixels=8)
    alone = replace(data, train=one.train, test=one.judges, validation=None)
    chosen = settings.resolve(alone)
    trials = Trials(problem_of(chosen, alone, None, CPU), chosen)
    score = trials.trial(one.method.policy, Fold(one.train, one.judges), one.seed, one.epochs)
    found = trainings.trained(one, data, CPU)
    assert found == {
        "loss": score.loss,
        "error": 1 - score.accuracy,
        "train_loss": score.train_loss,
    }


def test_results_outlive_a_line_that_was_cut_off(tmp_path):
    path = tmp_path / "results.jsonl"
    Store(path).add("a", {"error": 0.1})
    with path.open("a") as file:
        file.write('\n["b", {"err')
    store = Store(path)
    assert "a" in store and "b" not in store
    store.add("c", 1)
    assert Store(path).found == {"a": {"error": 0.1}, "c": 1}


def test_a_store_says_which_machines_measured_it(tmp_path, monkeypatch):
    path = tmp_path / "results.jsonl"
    for name in ("one", "other", "one"):
        monkeypatch.setattr(
            "benchmarks.search_quality.store.machine", lambda name=name: {"cpu": name}
        )
        store = Store(path)
        store.add(name, 1)
        store.add(f"{name} again", 1)
    assert store.machines == Store(path).machines == [{"cpu": "one"}, {"cpu": "other"}]
    assert "machine" not in Store(path).found
