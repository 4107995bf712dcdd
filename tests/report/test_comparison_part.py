from __future__ import annotations

import pytest

from dada.report.comparison_part import comparison_part, metric_chart
from dada.tasks import Metric
from tests.report.conftest import make_comparison, write_compare
from tests.report.html import page_of


def test_errors_of_each_class_are_shown(run):
    comparison = make_comparison()
    for number, row in enumerate(comparison["rows"]):
        row["class_errors"] = [None, *[0.01 * number + 0.1] * 9]
    write_compare(run / "compare", comparison)
    text = page_of(run).text
    assert "Errors by class" in text and "10.0 % 11.0 % 12.0 %" in text


@pytest.mark.parametrize(
    ("intervals", "says"),
    [("seeds and test images", "over 3 seeds and 360 test images"),
     (None, "over 3 seeds alone, not over the test images")],
)  # fmt: skip
def test_what_the_intervals_hold_is_said(run, intervals, says):
    comparison = make_comparison() | ({"intervals": intervals} if intervals else {})
    write_compare(run / "compare", comparison)
    assert says in page_of(run).text


def test_another_metric_is_asked_for_its_words(monkeypatch):
    accuracy = Metric("accuracy", "test accuracy", lower_is_better=False)
    monkeypatch.setattr("dada.report.comparison_part.metric_recorded", lambda data: accuracy)
    comparison = make_comparison(0.02, 0.005)
    part = comparison_part(comparison, [])
    assert part.chart.title.startswith("Test accuracy of")
    assert part.chart.x_label == "test accuracy, %"
    assert [row["effect"] for row in part.rows] == ["baseline", "helped", "none"]


def test_the_chart_is_in_per_cent_and_the_baseline_its_reference():
    chart = metric_chart(make_comparison())
    assert [row.muted for row in chart.rows] == [True, False, False]
    assert chart.reference == chart.rows[0].mean == pytest.approx(5.1)
    assert chart.rows[1].points == pytest.approx([5.2, 5.3, 5.4])
    assert chart.rows[1].interval == pytest.approx(0.6) and chart.rows[1].side == "5.3 %"
