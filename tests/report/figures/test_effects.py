from __future__ import annotations

import pytest

from dada.report.chart import Effects, Row
from dada.report.figures import draw

from .parsed import parsed, strokes, texts


def chart(*rows: Row) -> Effects:
    return Effects(title="Effects", x_label="saved, %", rows=rows)


def test_a_stroke_goes_from_zero_to_the_mean():
    svg = draw(chart(Row(name="up", points=[1, 3], mean=2), Row(name="down", points=[-4], mean=-4)))
    [[[zero, _], *_]] = strokes(svg, "muted", 0.8)
    up, down = strokes(svg, "c1", 2)
    assert up[0][0] == down[0][0] == pytest.approx(zero)
    assert (down[1][0] - zero) / (up[1][0] - zero) == pytest.approx(-2, rel=1e-4)


def test_rows_have_names_and_what_stands_beside_them():
    svg = draw(chart(Row(name="Rotate", points=[1], mean=1, side="12 %")))
    assert {"Rotate", "12 %", "saved, %"} <= set(texts(svg))
    assert parsed(svg).get("aria-label") == "Effects: saved, %"


def test_an_interval_is_a_thin_line():
    without, with_one = (
        draw(chart(Row(name="a", points=[1], mean=1, interval=i))) for i in (None, 0.5)
    )
    assert len(strokes(without, "c1", 0.8)) == 0
    assert len(strokes(with_one, "c1", 0.8)) == 1
