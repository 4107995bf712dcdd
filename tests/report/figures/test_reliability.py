import pytest

from dada.report.chart import Reliability
from dada.report.figures import draw

from .parsed import parsed, strokes, texts


def test_gaps_reach_from_the_diagonal_to_the_share_that_is_right():
    chart = Reliability(
        title="Reliability", confidence=[0.2, 0.9], accuracy=[0.5, 0.6], answers=[1, 100]
    )
    svg = draw(chart)
    assert "right, %" in texts(svg) and parsed(svg).get("role") == "img"
    gaps = strokes(svg, "c2", 2)
    (low, high), (other, below) = gaps
    assert low[0] == high[0] and other[0] == below[0]
    scale = (other[0] - low[0]) / 70  # pixels per point, across
    up = (low[1] - high[1]) / 30
    assert scale > 0 and up > 0 and (below[1] - other[1]) / 30 == pytest.approx(up)
