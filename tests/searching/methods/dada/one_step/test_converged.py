"""When a search may stop: the measure by hand, and searches that do."""

import json
from html import unescape

import numpy as np
import pytest

from dada.runs import Callback, RunFolder
from dada.searching import search
from dada.searching.methods.dada.one_step.converged import converged, distance
from tests.searching import SMALL


def policy(first=0.5, probability=0.5, magnitude=0.5):
    """Two sub-policies of two operations."""
    pairs = [[value] * 2 for value in (probability, 0.5)], [[magnitude] * 2, [0.5] * 2]
    return {
        "weights": [first, 1 - first],
        "probabilities": pairs[0],
        "magnitudes": pairs[1],
    }


def test_distance_by_hand():
    a, b = policy(), policy(first=0.8, probability=0.9, magnitude=0.25)
    assert distance(a, b) == pytest.approx(0.3 + 0.8 * (0.4 + 0.25))
    assert distance(b, b) == 0


def test_what_no_image_gets_does_not_count():
    assert distance(policy(first=0.0), policy(first=0.0, probability=0.9)) == 0


def test_a_steady_walk_goes_on_and_one_that_halts_stops():
    steady = [policy(first=0.5 + 0.004 * epoch) for epoch in range(1, 101)]
    assert all(converged(steady[:n], 0.04) is None for n in range(1, 101))
    halting = [policy(first=0.5 + 0.4 * (1 - np.exp(-epoch / 5))) for epoch in range(1, 101)]
    stops = [n for n in range(1, 101) if converged(halting[:n], 0.04)]
    # e^(−(n−5)/5) − e^(−n/5) < 0.04 (1 − e^(−n/5)) from n = 19 on
    assert stops == list(range(19, 101))
    assert converged(halting, 0.0) is None


def test_a_policy_that_has_not_moved_has_not_converged():
    assert converged([policy()] * 50, 0.5) is None


class Told(Callback):
    reason = None

    def on_converged(self, reason):
        self.reason = reason


def test_a_converged_search_says_why_and_a_resumed_one_leaves_it_at_that(digits, tmp_path):
    # No search is at its end after six epochs: the share that they must exceed is set high.
    settings = {**SMALL, "images": 40, "batch": 20, "epochs": 20, "tolerance": 0.99}
    told = Told()
    found = search(digits, out=tmp_path / "run", callback=told, **settings)
    run = RunFolder(tmp_path / "run")
    finish = run.events[-1]
    assert finish["reason"] == told.reason and told.reason.startswith("converged after ")
    epochs = [e for e in run.events if e["event"] == "epoch"]
    assert 6 <= len(epochs) < 20 and converged(epochs, 0.99) and not converged(epochs[:-1], 0.99)
    assert told.reason in unescape((tmp_path / "run" / "report.html").read_text())
    again = search(digits, out=tmp_path / "run", resume=True, **settings)
    assert again == found and len(run.events) == len(RunFolder(tmp_path / "run").events)
    assert json.loads((tmp_path / "run" / "policy.json").read_text())
