"""Figures as inline SVG: real text in the page's own font, colours from the page's variables."""

from __future__ import annotations

from typing import assert_never

from dada.report.chart import Chart, Dots, Effects, Lines, Panels, Reliability
from dada.report.figures.dots import draw_dots
from dada.report.figures.effects import draw_effects
from dada.report.figures.lines import draw_lines
from dada.report.figures.panels import draw_panels
from dada.report.figures.reliability import draw_reliability

__all__ = ["draw"]


def draw(chart: Chart) -> str:
    """The chart as an `svg` element for a page, in which all text from outside is escaped."""
    match chart:
        case Lines():
            return draw_lines(chart)
        case Panels():
            return draw_panels(chart)
        case Dots():
            return draw_dots(chart)
        case Effects():
            return draw_effects(chart)
        case Reliability():
            return draw_reliability(chart)
        case _:
            assert_never(chart)
