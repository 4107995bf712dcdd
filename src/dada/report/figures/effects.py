"""Effects from zero: one row per name, beside it."""

from __future__ import annotations

import matplotlib
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dada.report.chart import Effects, Row
from dada.report.figures.labels import shortened
from dada.report.figures.style import INK, LINES, MUTED, REFERENCE, STYLE, sheet
from dada.report.figures.svg import svg


def draw_effects(chart: Effects) -> str:
    """The chart as an `svg` element for a page: a stroke from zero to the mean of each row."""
    height = 20 * len(chart.rows) + 48
    with matplotlib.rc_context(STYLE):
        figure = sheet(height)
        axes = figure.add_axes((0.26, 40 / height, 0.6, (height - 44) / height))
        for place, row in enumerate(chart.rows):
            _draw(axes, place, row)
        axes.axvline(0, **REFERENCE, zorder=0)
        axes.set_ylim(len(chart.rows) - 0.5, -0.5)
        axes.set_yticks(range(len(chart.rows)), [shortened(row.name, 14) for row in chart.rows])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.06)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(chart.x_label)
        return svg(figure, f"{chart.title}: {chart.x_label}")


def _draw(axes: Axes, place: int, row: Row) -> None:
    colour = MUTED if row.muted else LINES[0]
    axes.plot(row.points, [place] * len(row.points), "|", color=colour, ms=8, mew=1)
    if row.interval is not None:
        ends = [row.mean - row.interval, row.mean + row.interval]
        axes.plot(ends, [place] * 2, color=colour, lw=0.8)
    axes.plot([0, row.mean], [place] * 2, color=colour, lw=2)
    axes.plot(row.mean, place, "o", color=colour, ms=5.5)
    across = axes.get_yaxis_transform()
    axes.text(1.03, place, row.side, va="center", color=MUTED, transform=across)
