"""Stand-ins do what their parts do, and their seconds are added up."""

from itertools import count

import pytest

from benchmarks import _stopwatch
from benchmarks._stopwatch import Stopwatch


class Part:
    """Something to time."""

    size = 3

    def __init__(self):
        self.entered = []

    def double(self, number, *, plus=0):
        return 2 * number + plus

    def fails(self):
        raise KeyError("no")

    def __call__(self, number):
        return -number

    def __enter__(self):
        self.entered.append("in")

    def __exit__(self, *error):
        self.entered.append("out")


@pytest.fixture
def watch(monkeypatch):
    """A stopwatch by which every call takes one second."""
    seconds = count()
    monkeypatch.setattr(_stopwatch.time, "perf_counter", lambda: float(next(seconds)))
    return Stopwatch()


def test_what_is_timed_is_added_up_by_name(watch):
    timed = watch.on(Part(), double="twice", call="called")
    assert timed.double(2, plus=1) == 5 and timed.double(3) == 6 and timed(4) == -4
    assert watch.seconds == {"twice": 2, "called": 1}


def test_what_is_not_timed_is_the_parts_own(watch):
    part = Part()
    with watch.on(part, double="twice") as timed:
        assert timed.size == 3 and part.entered == ["in"]
    assert part.entered == ["in", "out"] and watch.seconds == {}


def test_a_call_that_fails_took_its_time_too(watch):
    with pytest.raises(KeyError, match="no"):
        watch.on(Part(), fails="failed").fails()
    assert watch.seconds == {"failed": 1}
