from __future__ import annotations

import pytest

from dada.report.numbers import count, duration, percent, setting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (59.7, "1 min 0 s"), (200, "3 min 20 s"),
     (7500, "2 h 5 min")],
)  # fmt: skip
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_counts_and_percents():
    assert count(1, "epoch") == "1 epoch"
    assert count(1437, "image") == "1,437 images"
    assert count(105, "sub-policy") == "105 sub-policies"
    assert percent(0.0534) == "5.3\N{NO-BREAK SPACE}%"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), ({}, "–"), (True, "yes"), (["a", "b"], "a, b"), (1e-4, "0.0001"),
     ({"Rotate": [-5.0, 5.0]}, "Rotate -5, 5")],
)  # fmt: skip
def test_settings_read_well(value, text):
    assert setting(value) == text
