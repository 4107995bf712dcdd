"""Colours, sizes and type of all figures.

Each figure is drawn for a width of 360 CSS pixels, a phone's, and scales up from there.
Matplotlib gets placeholder colours, which become CSS variables, so that a figure follows the
page into dark mode.
"""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

WIDTH = 360
INK, MUTED, GRID, FAINT = "#010101", "#010102", "#010103", "#010104"
LINES = ("#010111", "#010112", "#010113", "#010114", "#010115")
VARIABLES = {INK: "ink", MUTED: "muted", GRID: "line", FAINT: "faint"} | {
    colour: f"c{i}" for i, colour in enumerate(LINES, 1)
}
REFERENCE: dict[str, Any] = {"color": MUTED, "lw": 0.8, "dashes": (4, 3)}
"""The dashed line at a value that others are compared with."""

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 11,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "text.color": INK,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def sheet(height: float) -> Figure:
    """An empty figure, `height` CSS pixels high."""
    return Figure(figsize=(WIDTH / 72, height / 72))
