from __future__ import annotations

import pytest

from dada.report.chart import Panel, Panels, Series
from dada.report.figures import draw

from .parsed import parsed, strokes, texts


def chart(count: int, top: float = 0.55) -> Panels:
    series = [Series(y=[0.5, top]), Series(y=[0.5, 0.45])]
    panels = [Panel(name=f"panel {i}", series=series) for i in range(count)]
    return Panels(
        title="Operations", x=[1, 9], y_label="p", panels=panels, reference=0.5, reach=0.1
    )


@pytest.mark.parametrize("count", [1, 3, 4])
def test_each_panel_has_its_name_and_its_lines(count):
    svg = draw(chart(count))
    assert [text for text in texts(svg) if text.startswith("panel")] == [
        f"panel {i}" for i in range(count)
    ]
    assert len(strokes(svg, "c1", 1.6)) == len(strokes(svg, "c2", 1.6)) == count
    rows = -(-count // 3)
    assert parsed(svg).get("viewBox") == f"0 0 360 {70 * rows + 26}"


def test_the_reference_is_in_the_middle_however_far_values_go():
    for top in (0.55, 0.9):
        svg = draw(chart(1, top))
        [[start, end]] = strokes(svg, "c1", 1.6)
        # Not ticks, which are short, nor the axis, which is lower on the page.
        level = [a[1] for a, b in strokes(svg, "line", 0.8) if a[1] == b[1] and b[0] - a[0] > 9]
        middle = min(level)
        assert start[1] == pytest.approx(middle)
        assert end[1] < start[1]
