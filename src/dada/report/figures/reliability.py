"""A reliability diagram: dots beside a diagonal."""

from __future__ import annotations

import matplotlib
import numpy as np

from dada.report.chart import Reliability
from dada.report.figures.style import GRID, LINES, MUTED, REFERENCE, STYLE, sheet
from dada.report.figures.svg import svg

_HEIGHT = 300
_SMALLEST, _LARGEST = 10, 160  # areas of dots, square points


def draw_reliability(chart: Reliability) -> str:
    """The chart as an `svg` element: a dot per bin, larger with its answers, and its gap."""
    sure, right = 100 * np.array(chart.confidence), 100 * np.array(chart.accuracy)
    answers = np.array(chart.answers)
    with matplotlib.rc_context(STYLE):
        figure = sheet(_HEIGHT)
        axes = figure.add_axes((0.1, 40 / _HEIGHT, 0.86, 1 - 72 / _HEIGHT))
        axes.plot([0, 100], [0, 100], **REFERENCE)
        axes.vlines(sure, sure, right, color=LINES[1], lw=2)
        area = np.maximum(_SMALLEST, _LARGEST * answers / answers.max())
        axes.scatter(sure, right, area, color=LINES[0], zorder=3, clip_on=False)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_xlabel("probability given to the answer, %")
        axes.set_title("right, %", loc="left", fontsize=11, color=MUTED, x=-0.1, pad=11)
        axes.grid(color=GRID, lw=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(length=3)
        return svg(figure, f"{chart.title}: right answers by the probability given")
