"""Measurements with their means and intervals: one row per name, under it."""

from __future__ import annotations

import matplotlib
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dada.report.chart import Dots, Row
from dada.report.figures.labels import shortened
from dada.report.figures.style import LINES, MUTED, REFERENCE, STYLE, sheet
from dada.report.figures.svg import svg

_ABOVE, _BELOW = 0.16, 0.14  # where the name and the measurements of a row are


def draw_dots(chart: Dots) -> str:
    """The chart as an `svg` element for a page."""
    height = 40 * len(chart.rows) + 44
    with matplotlib.rc_context(STYLE):
        figure = sheet(height)
        axes = figure.add_axes((0.02, 40 / height, 0.96, (height - 44) / height))
        for place, row in enumerate(chart.rows):
            _draw(axes, place, row)
        if chart.reference is not None:
            axes.axvline(chart.reference, **REFERENCE, zorder=0)
        axes.set_ylim(len(chart.rows) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.06)
        if chart.least is not None:
            axes.set_xlim(left=max(chart.least, axes.get_xlim()[0]))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(chart.x_label)
        return svg(figure, f"{chart.title}: {chart.x_label}")


def _draw(axes: Axes, place: int, row: Row) -> None:
    colour, height = (MUTED if row.muted else LINES[0]), place + _BELOW
    axes.plot(row.points, [height] * len(row.points), "|", color=colour, ms=7, mew=1)
    if row.interval is not None:
        ends = [row.mean - row.interval, row.mean + row.interval]
        axes.plot(ends, [height] * 2, color=colour, lw=2)
    axes.plot(row.mean, height, "o", color=colour, ms=6.5)
    across = axes.get_yaxis_transform()
    axes.text(0, place - _ABOVE, shortened(row.name), transform=across, va="center")
    axes.text(1, place - _ABOVE, row.side, transform=across, va="center", ha="right", color=colour)
