"""Many small charts side by side, on one scale."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.ticker import MaxNLocator

from dada.report.chart import Panels
from dada.report.figures.labels import thinned
from dada.report.figures.lines import line
from dada.report.figures.style import GRID, LINES, STYLE, sheet
from dada.report.figures.svg import svg

_COLUMNS = 3
_DASHES = ((), (3, 1.5))


def draw_panels(chart: Panels) -> str:
    """The chart as an `svg` element for a page: a panel's second line is dashed."""
    keep = thinned(len(chart.x))
    x = np.array(chart.x)[keep]
    values = [y for panel in chart.panels for series in panel.series for y in series.y]
    reach = max(chart.reach, 1.1 * max(abs(value - chart.reference) for value in values))
    rows = -(-len(chart.panels) // _COLUMNS)
    height = 70 * rows + 26
    with matplotlib.rc_context(STYLE | {"font.size": 10}):
        figure = sheet(height)
        grid = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False)
        figure.subplots_adjust(0.085, 26 / height, 0.99, 1 - 17 / height, 0.13, 0.66)
        for axes, panel in zip(grid.flat, chart.panels, strict=False):
            for series, colour, dashes in zip(panel.series, LINES, _DASHES, strict=False):
                line(axes, x, series, keep, colour, 1.6, dashes=dashes)
            axes.axhline(chart.reference, color=GRID, lw=0.8, zorder=0)
            axes.set_title(panel.name, fontsize=10, loc="left", pad=3)
            axes.tick_params(length=2)
        grid[0, 0].set_ylim(chart.reference - reach, chart.reference + reach)
        grid[0, 0].yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        grid[0, 0].set_xticks(sorted({int(x[0]), int(x[-1])}))
        for axes in grid.flat[len(chart.panels) :]:
            axes.axis("off")
        return svg(figure, f"{chart.title}: {chart.y_label} by {chart.x_label}")
