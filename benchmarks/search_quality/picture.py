"""The curve of rank correlation against the horizon, as an SVG."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

BLUE, GREY = "#2563eb", "#6b7280"
_AT = re.compile(r"horizon-([\d.]+)")
_ONE_STEP = "one-step"
_SMALLEST = 0.05  # where one step stands, on a logarithmic axis


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Rows called ``one-step`` and ``horizon-H`` are a curve; all others stand beside it.

    Args:
        result: of a study with the yardstick rank.
        path: of the SVG.
    """
    rows = result["rank"]["rows"]
    curve = sorted((horizon, name) for name in rows if (horizon := _horizon(name)) is not None)
    others = [name for name in rows if _horizon(name) is None]
    figure = Figure(figsize=(5.6, 3.2), layout="constrained")
    axes = figure.subplots()
    places = [horizon for horizon, _ in curve]
    values = [rows[name]["spearman"] for _, name in curve]
    errors = [rows[name]["standard_error"] for _, name in curve]
    axes.errorbar(places, values, errors, color=BLUE, marker="o", ms=5, capsize=3)
    for number, name in enumerate(others):
        place, row = 1.35 * 1.3**number, rows[name]
        axes.errorbar(
            place, row["spearman"], row["standard_error"], color=GREY, marker="o", ms=5, capsize=3
        )
        axes.annotate(name, (place, row["spearman"]), (4, 5), textcoords="offset points")
    axes.axhline(0, color=GREY, lw=0.8, ls="--", zorder=0)
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(places, ["one step" if h == _SMALLEST else f"{h:g}" for h in places])
    axes.set_xlim(_SMALLEST * 0.85, 1.35 * 1.3 ** max(1, len(others)) * 1.2)
    axes.set_xlabel("horizon: share of a training that a reward sees")
    axes.set_ylabel("rank correlation with the truth")
    axes.spines[["top", "right"]].set_visible(False)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "horizon"}):
        figure.savefig(path, metadata={"Date": None}, facecolor="white")


def _horizon(name: str) -> float | None:
    found = _AT.fullmatch(name)
    return float(found[1]) if found else _SMALLEST if name == _ONE_STEP else None
