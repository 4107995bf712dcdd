"""Suggestions are Optuna's own, and follow from trials and seeds alone."""

import optuna
import pytest

from dada.searching.methods.fast_autoaugment.tpe import Suggestions
from dada.searching.methods.fast_autoaugment.tried import Tried

OPERATIONS = ("Rotate", "Invert", "Brightness", "Posterize")
SHAPE = {"operations": OPERATIONS, "size": 2, "length": 2, "random": 3}


def loss_of(chosen):
    """Something for a model to find: Rotate, seldom and strong."""
    entries = [entry for own in chosen for entry in own]
    return sum((name != "Rotate") + p + (1 - m) ** 2 for name, p, m in entries)


def judged(chosen):
    return Tried(chosen, loss_of(chosen), accuracy=1 / (1 + loss_of(chosen)))


def searched(count, kind="loss", rebuilt=()):
    """So many trials; before each of the `rebuilt` ones the study is made anew."""
    model, found = Suggestions(**SHAPE, kind=kind), []
    for number in range(count):
        if number in rebuilt:
            model = Suggestions(**SHAPE, kind=kind, tried=found)
        found.append(judged(model.ask(1000 + number)))
        model.tell(found[-1])
    return found


def directly(count, kind):
    """The same by Optuna alone."""
    study = optuna.create_study(direction="maximize")
    for number in range(count):
        study.sampler = optuna.samplers.TPESampler(
            seed=1000 + number, n_startup_trials=3, multivariate=False, constant_liar=False
        )
        trial = study.ask()
        chosen = tuple(
            tuple(
                (
                    trial.suggest_categorical(f"policy_{i}_{j}", OPERATIONS),
                    trial.suggest_float(f"prob_{i}_{j}", 0, 1),
                    trial.suggest_float(f"level_{i}_{j}", 0, 1),
                )
                for j in range(2)
            )
            for i in range(2)
        )
        loss = loss_of(chosen)
        study.tell(trial, -loss if kind == "loss" else 1 / (1 + loss))
        yield chosen


@pytest.mark.parametrize("kind", ["loss", "accuracy"])
def test_they_are_those_of_a_study_of_optunas(kind):
    found = [one.sub_policies for one in searched(8, kind)]
    assert found == list(directly(8, kind))
    assert len(set(found)) == 8


def test_a_study_made_anew_from_its_trials_continues_as_it_would_have():
    whole = searched(8)
    assert searched(8, rebuilt=(1, 4, 6)) == whole
    as_a_file_has_it = [Tried([[list(e) for e in own] for own in o[0]], *o[1:]) for o in whole[:7]]
    model = Suggestions(**SHAPE, kind="loss", tried=as_a_file_has_it)
    assert model.ask(1007) == whole[7].sub_policies


def test_what_was_tried_matters():
    other = [one._replace(loss=-one.loss) for one in searched(6)]
    model = Suggestions(**SHAPE, kind="loss", tried=other)
    assert model.ask(1006) != searched(7)[6].sub_policies


def test_the_model_finds_what_random_sets_do_not():
    """25 trials, 3 of them at random, against 25 at random; the same seeds."""
    by_model = [one.loss for one in searched(25)]
    shape = SHAPE | {"random": 25}
    at_random = [loss_of(Suggestions(**shape, kind="loss").ask(1000 + n)) for n in range(25)]
    assert by_model[:3] == at_random[:3]
    assert min(by_model) < min(at_random) and sum(by_model[15:]) < 0.8 * sum(at_random[15:])


def test_nothing_is_said_and_the_callers_optuna_is_left_as_it_was(capfd):
    optuna.logging.set_verbosity(optuna.logging.INFO)
    searched(2)
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
    assert capfd.readouterr() == ("", "")
