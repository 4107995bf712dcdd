"""Trainings that processes share, with all but the first process made up."""

from types import SimpleNamespace

import pytest
import torch

from dada.comparison.shared import trained
from dada.compute.distributed import Processes
from dada.errors import DivergedError, UserError
from dada.training.augmentations import BASELINE

TASKS = [(BASELINE, seed) for seed in range(3)]


class First(Processes):
    """The first of two processes; `other` gives what the second one sends after each turn."""

    def __init__(self, other):
        super().__init__(0, 2)
        object.__setattr__(self, "other", other)

    def broadcast(self, thing):
        return thing

    def all_gather(self, thing):
        return [thing, self.other()]


def bench(train):
    load = {"pixels": 10**9, "parameters": 10**9}  # one at once
    return SimpleNamespace(train=train, steps=2, load=load, device=torch.device("cpu"))


def train(method, seed, on_step):
    for _ in range(2):
        on_step()
    return {"row": method.name, "seed": seed}


def test_each_makes_its_part_and_gets_all_records_turn_by_turn():
    sent, ticks = iter([[{"row": "theirs", "seed": 1}], []]), []
    found = trained(bench(train), TASKS, First(lambda: next(sent)), lambda: ticks.append(1))
    assert [(record["seed"], len(ticks)) for record in found] == [(0, 2), (1, 4), (2, 6)]


@pytest.mark.parametrize("error", [UserError("no file"), DivergedError("not finite")])
def test_an_error_of_one_is_raised_in_all(error):
    def fail(method, seed, on_step):
        raise error

    with pytest.raises(type(error), match=str(error)):
        list(trained(bench(fail), TASKS, First(list), lambda: None))
    with pytest.raises(type(error), match=str(error)):
        list(trained(bench(train), TASKS, First(lambda: error), lambda: None))
