from __future__ import annotations

import pytest

from dada.report.chart import Dots, Row
from dada.report.comparison_part import metric_chart
from dada.report.figures import draw
from tests.report.conftest import make_comparison

from .parsed import strokes, texts


def test_text_is_text_and_nothing_from_outside_is_markup():
    comparison = make_comparison()
    comparison["rows"][1]["name"] = "<script>alert(1)</script> $x^2$"
    svg = draw(metric_chart(comparison))
    assert "<script" not in svg
    assert "<script>alert(1)</script> $x^2$" in texts(svg)


def test_an_interval_is_as_wide_as_it_is_and_around_the_mean():
    row = Row(name="a", points=[4, 6], mean=5, interval=2, side="5.0 %")
    svg = draw(Dots(title="Errors", x_label="error, %", rows=[row], reference=5))
    [[left, right]] = strokes(svg, "c1", 2)
    [[middle, _]] = strokes(svg, "muted", 0.8)
    assert middle[0] == pytest.approx((left[0] + right[0]) / 2)
    assert {"a", "5.0 %", "error, %"} <= set(texts(svg))


def test_one_seed_has_no_interval():
    row = Row(name="a", points=[5], mean=5)
    assert not strokes(draw(Dots(title="Errors", x_label="error, %", rows=[row])), "c1", 2)


def test_the_axis_ends_at_the_least_value():
    """Half of an interval that goes below zero is cut off; without a least value it is not."""
    row = Row(name="a", points=[1], mean=1, interval=3)
    ends = []
    for least in (None, 0.0):
        svg = draw(Dots(title="E", x_label="error", rows=[row], least=least))
        ends.append(any(text.startswith("−") for text in texts(svg)))
    assert ends == [True, False]
