from __future__ import annotations

import pytest

from dada.report.gaps import decimals, difference_in_words, effect
from dada.tasks.metric import TEST_ERROR

from .conftest import make_row


@pytest.mark.parametrize(
    ("difference", "interval", "expected"),
    [
        (-0.010, 0.004, "helped"),
        (0.010, 0.004, "hurt"),
        (-0.003, 0.004, "none"),
        (0.003, 0.004, "none"),
        (0.004, 0.004, "none"),  # zero lies on the edge of the interval: not excluded
        (0.0, 0.0, "none"),
        (-0.010, None, "unknown"),
    ],
)
def test_helped_and_hurt_only_where_the_interval_excludes_zero(difference, interval, expected):
    assert effect(make_row("x", [0.05] * 3, difference, interval), TEST_ERROR) == expected


@pytest.mark.parametrize(
    ("difference", "interval", "places"),
    [(-0.0200, 0.0050, 1), (-0.0094, 0.0091, 2), (-0.00012, 0.00011, 3), (0.0, 0.0, 1)],
)
def test_rounding_never_contradicts_the_word(difference, interval, places):
    row = make_row("x", [0.05] * 3, difference, interval)
    assert decimals(row) == places
    gap, width = round(100 * abs(difference), places), round(100 * interval, places)
    assert (gap > width) == (effect(row, TEST_ERROR) in ("helped", "hurt"))


def test_no_minus_before_zero():
    words = difference_in_words(make_row("x", [0.05] * 3, -0.0001, 0.004))
    assert words.startswith("+0.0\N{NO-BREAK SPACE}")
