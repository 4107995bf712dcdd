"""Budgets of time: what is understood, what is refused, and that time passes."""

import time

import pytest

from dada.deadline import Deadline, seconds
from dada.errors import UserError


@pytest.mark.parametrize(
    ("given", "expected"),
    [("5m", 300), ("90s", 90), ("1.5h", 5400), ("20", 20), (20, 20), (0.5, 0.5), (" 2 m", 120)],
)
def test_times_in_words_and_numbers(given, expected):
    assert seconds(given) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "m",
        "5 minutes",
        "-5m",
        "0",
        0,
        -1,
        "nan",
        float("inf"),
        True,
        [5],
        b"5m",
        "1e400",
        10**400,
    ],
)
def test_anything_else_is_refused_in_one_line(wrong):
    with pytest.raises(UserError, match=r"^budget .*: must be a time above 0 such as 5m") as caught:
        seconds(wrong)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_time_passes(monkeypatch):
    now = [10.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    deadline = Deadline.of("1m")
    now[0] += 45
    assert deadline.left() == 15 and Deadline.of(deadline) is deadline
    assert time.perf_counter() == 55
