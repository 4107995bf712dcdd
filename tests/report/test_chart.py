import json
from dataclasses import FrozenInstanceError, asdict

import pytest

from dada.report.chart import Dots, Lines, Panel, Panels, Reliability, Row, Series
from dada.report.comparison_part import metric_chart

from .conftest import make_comparison

LINES = Lines(title="a", x=[1], y_label="loss", series=[Series(y=[0.5], label="one")])
PANEL = Panel(name="Rotate", series=LINES.series)
PANELS = Panels(title="b", x=[1], y_label="p", panels=[PANEL], reference=0.5, reach=0.1)
DOTS = Dots(title="c", x_label="error", rows=[Row(name="crop", points=[1.0], mean=1.0)])
RELIABILITY = Reliability(title="d", confidence=[0.5], accuracy=[0.4], answers=[3])


@pytest.mark.parametrize(
    "chart", [LINES, PANELS, DOTS, RELIABILITY, metric_chart(make_comparison())]
)
def test_charts_are_json(chart):
    data = asdict(chart)
    assert json.loads(json.dumps(data)) == data
    assert data["kind"] == type(chart).__name__.lower()


def test_charts_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        LINES.title = "b"
