"""What watched a run until 0.2 is told the same as it was."""

import pytest

import dada
from dada import comparison, runs, searching, training
from dada.errors import UserError
from tests.searching import SMALL

TRAIN = {"epochs": 2, "images": 40, "batch": 20, "model": "wrn-10-1", "precision": "float32"}


def former(module, name):
    with pytest.warns(DeprecationWarning, match=f"{name}: use dada.runs.watchers.{name}"):
        return getattr(module, name)


def told(names, watcher):
    """A watcher that keeps all that it is told."""
    log = []

    def note(name):
        return lambda self, *given: log.append((name, *given))

    return type("Watching", (watcher,), {name: note(name) for name in names})(), log


def test_a_search_with_a_watcher(digits):
    names = ("on_start", "on_step", "on_epoch", "on_settled")
    watch, log = told(names, former(searching, "Watcher"))
    settings = {**SMALL, "images": 40, "batch": 20, "epochs": 9, "settled": 0.99}
    with pytest.warns(DeprecationWarning, match="watch is called callback now"):
        dada.search(digits, watch=watch, **settings)
    (_, search, dataset), (_, reason) = log[0], log[-1]
    assert dataset.name == "digits" and reason.startswith("converged after 6 epochs")
    for epoch in range(1, 7):
        step, (name, record, same) = log[2 * epoch - 1], log[2 * epoch]
        assert step == ("on_step", epoch, 1)
        assert (name, record["epoch"]) == ("on_epoch", epoch) and same is search


def test_a_training_with_a_watcher(digits):
    watch, log = told(("on_start", "on_step", "on_epoch"), former(training, "TrainWatcher"))
    with pytest.warns(DeprecationWarning, match="watch is called callback now"):
        dada.train(digits, "dada-svhn", watch=watch, **TRAIN)
    start, *rest = log
    assert (start[1].epoch, start[2].name, start[3].name) == (2, "digits", "dada-svhn")
    assert [name for name, *_ in rest] == 2 * ["on_step", "on_step", "on_epoch"]
    assert [given[0]["epoch"] for _, *given in rest if given] == [1, 2]


def test_a_comparison_with_a_watcher(digits):
    names = ("on_start", "on_step", "on_training")
    watch, log = told(names, former(training, "CompareWatcher"))
    with pytest.warns(DeprecationWarning, match="watch is called callback now"):
        result = comparison.compare(digits, seeds=1, watch=watch, **TRAIN)
    (_, trainings, steps, settings, dataset), *rest = log
    assert (trainings, steps, settings.epochs, dataset.name) == (4, 4, 2, "digits")
    made = [given[0]["row"] for name, *given in rest if name == "on_training"]
    assert sorted(made) == sorted(row["name"] for row in result["rows"])
    assert len(rest) == trainings * (steps + 1)


def test_only_one_of_the_two_names_is_given(digits):
    for verb in (dada.search, dada.train, dada.compare):
        with pytest.raises(UserError, match="watch is the former name of callback"):
            verb(digits, watch=runs.Callback(), callback=runs.Callback())
