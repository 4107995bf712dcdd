"""Small runs of every kind in processes of their own, and what each must come to."""

import csv
import json
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from importlib.util import find_spec

import torch

import dada
from dada.comparison import compare
from dada.datasets import load
from dada.errors import UserError
from dada.policy import Operation, OperationList, Policy, PolicySchedule, Stage, load_policy
from dada.training import train
from tests import squares

OK, REFUSED, CRASHED, KILLED = 0, 2, 3, -signal.SIGKILL
COMMON = {"model": "wrn-10-1", "batch": 32, "precision": "float32", "images": 40}
SMALL = {"batch": 8, "precision": "float32", "device": "cpu"}
NETWORKS = {"boxes": "detector-4", "masks": "segmenter-4", "instances": "mask-detector-4"}
OPERATIONS = {"operations": ("Rotate", "Invert")}
PBA = OperationList((Operation("Rotate", 0.5, 0.5), Operation("Invert", 0.5, 0.0)))
LEARNING = {"model": "proxy-8", "batch": 8, "images": 60, "epochs": 15}
"""Of children: those that learn nothing make no trials."""
METHODS = {
    "random": {"policies": 2, "length": 1, "size": 1},
    "randaugment": {"numbers": (1,), "strengths": (0.5,)},
    "autoaugment": {"children": 4, "children_per_update": 2, "size": 1},
    "faster_autoaugment": {"sub_policies": 2},
    "fast_autoaugment": {"folds": 2, "held_out": 0.5, "trials": 11, "size": 1, **LEARNING},
    "pba": {"trials": 3, "interval": 1},
}
NEEDS = {"fast_autoaugment": "optuna", "pba": "ray"}


@cache
def data():
    digits = load("digits")
    train_rows, test_rows = torch.arange(60), torch.arange(40)
    return replace(
        digits, train=digits.train.subset(train_rows), test=digits.test.subset(test_rows)
    )


@cache
def moving(kind):
    return getattr(squares, f"of_{kind}")()


def by_trials(**given):
    dada.search(data(), preset="demo", epochs=1, **OPERATIONS, **COMMON, **given)


def by_steps(**given):
    dada.search(data(), preset="step", epochs=3, **OPERATIONS, **COMMON, **given)


def by_method(method, **given):
    settings = {**COMMON, "epochs": 3, **METHODS[method]}
    dada.search(data(), method=method, **settings, **OPERATIONS, **given)


def training(**given):
    train(data(), "dada-svhn", recipe="demo", epochs=3, **COMMON, **given)


def training_under_a_schedule(**given):
    stages = (Stage(1, load_policy("dada-svhn")), Stage(1, Policy.none()), Stage(2, PBA))
    schedule = PolicySchedule(stages, "three stages")
    train(data(), schedule, recipe="demo", epochs=4, **COMMON, **given)


def comparison(**given):
    compare(data(), preset="demo", epochs=1, seeds=1, **COMMON, **given)


def search_that_moves(kind, **given):
    trials = {"epochs": 1, "folds": 2, "final_rounds": 1}
    dada.search(moving(kind), model=NETWORKS[kind], **trials, **OPERATIONS, **SMALL, **given)


def training_that_moves(kind, **given):
    train(moving(kind), "uniform", epochs=3, model=NETWORKS[kind], **SMALL, **given)


def comparison_that_moves(kind, **given):
    compare(moving(kind), epochs=1, seeds=1, model=NETWORKS[kind], **SMALL, **given)


LABELS_MOVE = (search_that_moves, training_that_moves, comparison_that_moves)
ALONE = (by_trials, by_steps, training, training_under_a_schedule, comparison)
JOBS = {f.__name__: f for f in ALONE} | {
    f"{f.__name__} {kind}": partial(f, kind) for f in LABELS_MOVE for kind in NETWORKS
}
JOBS |= {
    f"by {method}": partial(by_method, method)
    for method in METHODS
    if method not in NEEDS or find_spec(NEEDS[method])
}


def start(name, folder, resume=False, prepare=lambda: None):
    """Begin a run, or go on with it, in a forked child: its process number.

    Args:
        prepare: called in the child before the work.
    """
    data()
    child = os.fork()
    if child:
        return child
    code = CRASHED
    with log(folder).open("w") as file:
        sys.stdout = sys.stderr = file
        try:
            prepare()
            JOBS[name](out=folder, resume=resume)
            code = OK
        except UserError as error:
            print(error)
            code = REFUSED
        except BaseException:
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                file.flush()
            os._exit(code)


def finish(child, seconds=None):
    """How the child ended; it is killed after so many seconds."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while deadline and time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    if deadline:
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def log(folder):
    """What the last child that worked in the folder said."""
    return folder.with_name(folder.name + ".log")


@cache
def whole(name, folder):
    """An uninterrupted run: what it comes to, and its seconds."""
    run, started = folder / f"whole-{name}", time.monotonic()
    code = finish(start(name, run))
    assert code == OK, log(run).read_text()
    return outcome(run), time.monotonic() - started


def judged(name, code, run, folder):
    """ "same", or what is wrong with a run that ended."""
    if code != OK:
        return f"WRONG: {name} ended with {code}: {log(run).read_text()[-500:]}"
    expected, found = whole(name, folder)[0], outcome(run)
    different = [key for key in expected | found if expected.get(key) != found.get(key)]
    return f"WRONG: {name} has other {different}" if different else "same"


def outcome(run):
    """What must be the same however the run got there; no times, and not the page."""
    return {
        path.name: _content(path)
        for path in run.iterdir()
        if path.name not in ("report.html", "checkpoint-before.pt")
    }


def _content(path):
    if path.suffix == ".json":
        return _timeless(json.loads(path.read_text()))
    if path.suffix == ".jsonl":
        return [_timeless(json.loads(line)) for line in path.read_text().splitlines()]
    if path.suffix == ".csv":
        return [_timeless(row) for row in csv.DictReader(path.open())]
    return path.read_bytes()


def _timeless(value):
    if isinstance(value, dict):
        left_out = ("seconds", "checksum")
        return {key: _timeless(item) for key, item in value.items() if key not in left_out}
    return [_timeless(item) for item in value] if isinstance(value, list) else value
