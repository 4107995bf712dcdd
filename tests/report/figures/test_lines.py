from __future__ import annotations

import re

import numpy as np
import pytest

from dada.report.chart import Lines, Series
from dada.report.figures import draw
from dada.report.figures.style import VARIABLES

from .parsed import parsed, strokes, texts


def chart(*series: Series, x: list[int] | None = None, reference: float | None = None) -> Lines:
    return Lines(
        title="Losses", x=x or [1, 2, 3], y_label="mean loss", series=series, reference=reference
    )


TRAINING, VALIDATION = Series(label="training", y=[3, 2, 1]), Series(label="test", y=[3, 2.5, 2])


@pytest.mark.parametrize("count", [1, 2, 500])
def test_short_and_long_histories(count):
    x = list(range(1, count + 1))
    crowd = [Series(faint=True, y=np.sin(np.add(x, i)).tolist()) for i in range(300)]
    svg = draw(chart(Series(label="one", y=x), *crowd, x=x))
    assert parsed(svg).get("viewBox", "").startswith("0 0 360 ")
    assert len(svg) < 300_000
    assert "one" in texts(svg)


def test_labels_and_the_label_of_the_figure_are_there():
    svg = draw(chart(TRAINING, VALIDATION))
    assert {"training", "test", "mean loss", "epoch"} <= set(texts(svg))
    assert parsed(svg).get("aria-label") == "Losses: mean loss by epoch"


def test_colours_are_the_pages_variables():
    svg = draw(chart(TRAINING, VALIDATION))
    used = set(re.findall(r"var\(--([a-z0-9]+)\)", svg))
    assert {"c1", "c2", "muted", "line"} <= used <= set(VARIABLES.values())
    assert "#0101" not in svg


def test_points_lie_where_the_values_are():
    """On one scale: equal steps of a value are equal steps on the page."""
    [[first, second, third]] = strokes(draw(chart(TRAINING)), "c1", 1.8)
    assert third[0] - second[0] == pytest.approx(second[0] - first[0])
    assert third[1] - second[1] == pytest.approx(second[1] - first[1])
    assert third[1] > first[1], "a loss that falls goes down the page"


def test_a_background_is_faint_and_thinner_where_there_is_a_crowd():
    few, many = ([Series(faint=True, y=[1, 2, i]) for i in range(n)] for n in (3, 200))
    assert len(strokes(draw(chart(TRAINING, *few)), "faint", 1.2)) == 3
    assert len(strokes(draw(chart(TRAINING, *many)), "faint", 0.7)) == 150


def test_five_lines_have_a_colour():
    named = [Series(label=f"line {i}", y=[1, 2, i]) for i in range(6)]
    found = texts(draw(chart(*named)))
    assert "line 4" in found and "line 5" not in found


def test_a_reference_is_a_level_line():
    [level] = strokes(draw(chart(TRAINING, reference=2.5)), "muted", 0.8)
    assert level[0][1] == level[-1][1]
    assert not strokes(draw(chart(TRAINING)), "muted", 0.8)


def test_marked_points_have_dots():
    plain, marked = (draw(chart(Series(y=[1, 2, 3], marked=m))) for m in (False, True))
    assert marked.count("<use") == plain.count("<use") + 3


def test_up_to_three_lines_differ_by_their_dashes():
    assert draw(chart(TRAINING, VALIDATION)).count("stroke-dasharray") == 1
    four = [Series(label=str(i), y=[1, 2, i]) for i in range(4)]
    assert "stroke-dasharray" not in draw(chart(*four))
