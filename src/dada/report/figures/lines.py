"""Lines, with their names at their ends."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from dada.report.chart import Lines, Series
from dada.report.figures.labels import spread, thinned
from dada.report.figures.style import FAINT, GRID, LINES, MUTED, REFERENCE, STYLE, sheet
from dada.report.figures.svg import svg

_DASHES = ((), (5, 1.5), (1.5, 1.5))  # for up to three lines, whose colours may look alike
_FAINT_LINES, _CROWD = 150, 10
_LINE = 13.5  # the height of a line of a label, CSS pixels


def draw_lines(chart: Lines) -> str:
    """The chart as an `svg` element: coloured lines before a background of faint ones."""
    keep = thinned(len(chart.x))
    x = np.array(chart.x)[keep]
    named = [series for series in chart.series if not series.faint][: len(LINES)]
    faint = [series for series in chart.series if series.faint]
    with matplotlib.rc_context(STYLE):
        axes = _axes(chart, [series.label for series in named])
        for i in thinned(len(faint), _FAINT_LINES) if faint else []:
            line(axes, x, faint[i], keep, FAINT, 0.7 if len(faint) > _CROWD else 1.2)
        dashes = _DASHES if len(named) <= len(_DASHES) else ((),) * len(LINES)
        for series, colour, dash in zip(named, LINES, dashes, strict=False):
            line(axes, x, series, keep, colour, 1.8, dashes=dash)
        if chart.reference is not None:
            axes.axhline(chart.reference, **REFERENCE)
        if any(series.label for series in named):
            _end_labels(axes, named)
        figure = axes.get_figure(root=True)
        assert figure is not None
        return svg(figure, f"{chart.title}: {chart.y_label} by {chart.x_label}")


def _axes(chart: Lines, labels: Sequence[str]) -> Axes:
    """One panel, with the label of its values above it, horizontally."""
    height = 260 if any("\n" in label for label in labels) else 220
    longest = max(len(part) for label in [*labels, ""] for part in label.split("\n"))
    right = min(0.9, max(0.5, 0.97 - 0.02 * longest))
    axes = sheet(height).add_axes((0.1, 38 / height, right - 0.1, 1 - 64 / height))
    axes.set_xlabel(chart.x_label)
    axes.set_title(chart.y_label, loc="left", fontsize=11, color=MUTED, x=-0.1)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=3)
    return axes


def line(
    axes: Axes,
    x: np.ndarray,
    series: Series,
    keep: np.ndarray,
    colour: str,
    width: float,
    *,
    dashes: tuple[float, ...] = (),
) -> None:
    """Draw the kept points of a series as a line, or as a dot where there is only one."""
    marker = "o" if len(x) == 1 or series.marked else ""
    (drawn,) = axes.plot(x, np.array(series.y)[keep], color=colour, lw=width, marker=marker, ms=4)
    if dashes:
        drawn.set_dashes(dashes)


def _end_labels(axes: Axes, named: Sequence[Series]) -> None:
    """Name each line at its end, in its colour, without overlap."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    panel = axes.get_window_extent().height * 72 / axes.figure.dpi
    lines = max(series.label.count("\n") + 1 for series in named)
    gap = (_LINE * lines + 3) / panel
    edge = 0.5 * gap if lines > 1 else 0.0
    shares = [(series.y[-1] - low) / (high - low) for series in named]
    places = spread(shares, gap, edge, 1 - edge)
    for place, series, colour in zip(places, named, LINES, strict=False):
        axes.text(1.03, place, series.label, color=colour, transform=axes.transAxes,
                  va="center", linespacing=1.15)  # fmt: skip
