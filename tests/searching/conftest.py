import pytest
import torch

from dada.searching.problem import begin as begin_search
from dada.searching.problem import problem_of
from dada.searching.settings import make_settings
from tests.searching import TINY


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch):
    """Trials one after another, which tests replace by ones whose losses are known; those of
    trials side by side say so."""
    monkeypatch.setattr("dada.searching.trials.stack_size", lambda network, device: 1)


@pytest.fixture
def begin(digits):
    """A search on 16 digits, before its first step."""

    def build(model=None, **settings):
        chosen = make_settings(**{**TINY, **settings}).resolve(digits)
        return begin_search(chosen, problem_of(chosen, digits, model, torch.device("cpu")))

    return build
