"""Searches by trials, as small as can be."""

import torch

from dada.compute.distributed import ALONE
from dada.runs import Callback
from dada.searching.problem import begin as begin_search
from dada.searching.problem import problem_of
from dada.searching.score import Score
from dada.searching.settings import make_settings
from dada.searching.trials import Trials

FEW = {
    "model": "proxy-4",
    "images": 60,
    "epochs": 2,
    "batch": 15,
    "precision": "float32",
    "operations": ("Rotate", "Invert", "Brightness"),
}

ARMS = {**FEW, "folds": 2, "fold_images": 30}
"""The default method's."""


def begin(digits, processes=ALONE, **settings):
    """A search at its beginning; by arms unless a method is given."""
    usual = FEW if "method" in settings or settings.get("horizon") == 0 else ARMS
    chosen = make_settings(**{**usual, **settings}).resolve(digits)
    problem = problem_of(chosen, digits, None, torch.device("cpu"), processes)
    return begin_search(chosen, problem)


def tried(search, policy, seed):
    """The score of a trial on the first half."""
    return search.trials.trial(policy, search.folds[0], seed, search.settings.epochs)


class StopAfter(Callback):
    def __init__(self, rounds):
        self.rounds = rounds

    def on_record(self, record):
        if record["epoch"] == self.rounds:
            raise KeyboardInterrupt


def finished(search):
    return [search.advance() for _ in range(search.length)]


def with_losses(monkeypatch, loss_of):
    """Trials whose losses are known: `loss_of(policy)`, or of a list one after the other."""
    losses = None if callable(loss_of) else iter(loss_of)

    def trial(self, policy, fold, seed, epochs, trunk=None, on_epoch=lambda: None):
        for _ in range(epochs):
            on_epoch()
        return Score(1.0, loss_of(policy) if losses is None else next(losses), 0.5)

    monkeypatch.setattr("dada.searching.trials.stack_size", lambda *_: 1)  # one by one
    monkeypatch.setattr(Trials, "trial", trial)
