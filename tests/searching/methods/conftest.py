import math
from random import Random

import pytest

from dada.searching.methods.pba.competition import Entry
from dada.searching.methods.pba.values import explored


@pytest.fixture
def without_ray(monkeypatch):
    """Decisions by the same rule as Ray's, without Ray: of these tests none is about Ray."""

    def compete(values, accuracies, *, number, seed):
        order = sorted(range(len(values)), key=lambda trial: accuracies[trial])
        quarter = math.ceil(len(values) / 4)
        entries = [Entry(trial, own) for trial, own in enumerate(values)]
        for place, trial in enumerate(order[:quarter]):
            source, generator = order[-1 - place], Random(100 * seed + 10 * number + place)
            entries[trial] = Entry(source, explored(values[source], generator))
        return entries

    monkeypatch.setattr("dada.searching.methods.pba.method.compete", compete)
    monkeypatch.setattr("dada.searching.methods.pba.method.library", lambda name, user: None)


@pytest.fixture
def learned(monkeypatch):
    """Two epochs teach a network nothing: as if they did better than guessing."""
    for place in ("pba.method", "fast_autoaugment.folds"):
        monkeypatch.setattr(f"dada.searching.methods.{place}.guess", lambda *_: math.inf)
