from __future__ import annotations

import pytest

from tests.report.conftest import make_comparison, write_compare
from tests.report.html import page_of


def test_errors_of_each_class_are_shown(run):
    comparison = make_comparison()
    for number, row in enumerate(comparison["rows"]):
        row["class_errors"] = [None, *[0.01 * number + 0.1] * 9]
    write_compare(run / "compare", comparison)
    text = page_of(run).text
    assert "Errors of each class" in text and "10.0 % 11.0 % 12.0 %" in text


@pytest.mark.parametrize(
    ("intervals", "says"),
    [("seeds and test images", "over 3 seeds and 360 test images"),
     (None, "over 3 seeds alone, not over the test images")],
)  # fmt: skip
def test_what_the_intervals_hold_is_said(run, intervals, says):
    comparison = make_comparison() | ({"intervals": intervals} if intervals else {})
    write_compare(run / "compare", comparison)
    assert says in page_of(run).text
