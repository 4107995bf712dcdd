"""Figures as inline SVG: real text in the page's own font, colours from the page's variables.

Each figure is drawn for a width of 360 CSS pixels, a phone's, and scales up from there.
Matplotlib gets placeholder colours, which become CSS variables, so that a figure follows the
page into dark mode.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from io import StringIO
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

WIDTH = 360
INK, MUTED, GRID, FAINT = "#010101", "#010102", "#010103", "#010104"
LINES = ("#010111", "#010112", "#010113", "#010114", "#010115")
VARIABLES = {INK: "ink", MUTED: "muted", GRID: "line", FAINT: "faint"} | {
    colour: f"c{i}" for i, colour in enumerate(LINES, 1)
}
_POINTS = 60  # a longer history is thinned to this many epochs
_LEADING, _FAINT_LINES = 5, 150
_STYLE: dict[Any, Any] = {
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


def thinned(count: int, most: int = _POINTS) -> np.ndarray:
    """Indices of at most `most` of `count` points, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def spread(places: Sequence[float], gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Move labels apart, as little as needed, so that neighbours are at least `gap` apart.

    They stay between `low` and `high` where they fit in there.
    """
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(order))
    wanted = np.array(places, dtype=float)[order] - steps
    # Labels that touch move as one block to the mean of where they want to be.
    blocks: list[tuple[float, int]] = []
    for place in wanted:
        block = (float(place), 1)
        while blocks and blocks[-1][0] >= block[0]:
            mean, size = blocks.pop()
            total = size + block[1]
            block = ((mean * size + block[0] * block[1]) / total, total)
        blocks.append(block)
    base = np.repeat([mean for mean, _ in blocks], [size for _, size in blocks])
    moved = base.clip(low, max(low, high - steps[-1])) + steps
    result = np.empty_like(moved)
    result[order] = moved
    return result.tolist()


def shortened(name: str, most: int = 34) -> str:
    """A long name without its beginning: of a path, the end tells more."""
    return name if len(name) <= most else "…" + name[1 - most :]


def weights_figure(
    epochs: Sequence[int], names: Sequence[Sequence[str]], weights: Sequence[Sequence[float]]
) -> str:
    """Selection weights of all sub-policies over the epochs, the leading ones named."""
    keep = thinned(len(epochs))
    x, table = np.array(epochs)[keep], 100 * np.array(weights, dtype=float)[keep]
    order = np.argsort(-table[-1], kind="stable")
    leading, rest = order[:_LEADING], order[_LEADING:]
    with matplotlib.rc_context(_STYLE):
        figure, axes = _axes(260, right=0.66, ylabel="selection weight, %")
        for s in rest[thinned(len(rest), _FAINT_LINES)] if len(rest) else []:
            _line(axes, x, table[:, s], FAINT, 0.7)
        for colour, s in zip(LINES, leading, strict=False):
            _line(axes, x, table[:, s], colour, 1.8)
        axes.axhline(100 / len(names), color=MUTED, lw=0.8, dashes=(4, 3))
        labels = ["\n+ ".join(names[s]) for s in leading]
        _end_labels(axes, table[-1, leading].tolist(), labels, LINES, lines=len(names[0]))
        return _svg(figure, "Selection weights of the sub-policies over the epochs")


def operations_figure(
    epochs: Sequence[int], histories: Mapping[str, tuple[Sequence[float], Sequence[float] | None]]
) -> str:
    """Probability and magnitude of each operation over the epochs, a small panel each.

    Args:
        histories: by operation, the probability and, if it has one, the magnitude.
    """
    keep = thinned(len(epochs))
    x = np.array(epochs)[keep]
    values = [v for pair in histories.values() for line in pair if line is not None for v in line]
    reach = max(0.1, 1.1 * max(abs(v - 0.5) for v in values))
    columns = 3
    rows = -(-len(histories) // columns)
    with matplotlib.rc_context(_STYLE | {"font.size": 10}):
        height = 70 * rows + 26
        figure = Figure(figsize=(WIDTH / 72, height / 72))
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        figure.subplots_adjust(0.085, 26 / height, 0.99, 1 - 17 / height, 0.13, 0.66)
        for panel, (name, (probability, magnitude)) in zip(
            panels.flat, histories.items(), strict=False
        ):
            _line(panel, x, np.array(probability)[keep], LINES[0], 1.6)
            if magnitude is not None:
                _line(panel, x, np.array(magnitude)[keep], LINES[1], 1.6, dashes=(3, 1.5))
            panel.axhline(0.5, color=GRID, lw=0.8, zorder=0)
            panel.set_title(name, fontsize=10, loc="left", pad=3)
            panel.tick_params(length=2)
        panels[0, 0].set_ylim(0.5 - reach, 0.5 + reach)
        panels[0, 0].yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        panels[0, 0].set_xticks(sorted({int(x[0]), int(x[-1])}))
        for panel in panels.flat[len(histories) :]:
            panel.axis("off")
        return _svg(figure, "Probability and magnitude of each operation over the epochs")


def losses_figure(epochs: Sequence[int], losses: Mapping[str, Sequence[float]]) -> str:
    """Losses over the epochs, by name."""
    keep = thinned(len(epochs))
    with matplotlib.rc_context(_STYLE):
        figure, axes = _axes(220, right=0.77, ylabel="mean loss")
        x = np.array(epochs)[keep]
        for colour, dashes, values in zip(
            LINES, [(), (5, 1.5), (1.5, 1.5)], losses.values(), strict=False
        ):
            _line(axes, x, np.array(values)[keep], colour, 1.8, dashes=dashes)
        _end_labels(axes, [v[-1] for v in losses.values()], list(losses), LINES)
        return _svg(figure, "Losses over the epochs")


def share_figure(epochs: Sequence[int], shares: Sequence[float], what: str) -> str:
    """A share of the images over the epochs, per cent: "validation accuracy", "test error"."""
    keep = thinned(len(epochs))
    with matplotlib.rc_context(_STYLE):
        figure, axes = _axes(220, right=0.85, ylabel=f"{what}, %")
        values = 100 * np.array(shares)[keep]
        _line(axes, np.array(epochs)[keep], values, LINES[0], 1.8)
        _end_labels(axes, [values[-1]], [f"{values[-1]:.1f} %"], LINES)
        return _svg(figure, f"{what.capitalize()} over the epochs")


def errors_figure(comparison: dict[str, Any]) -> str:
    """Test errors: each seed, the mean and its 95 % interval, a row for each augmentation."""
    rows = comparison["rows"]
    height = 40 * len(rows) + 44
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH / 72, height / 72))
        axes = figure.add_axes((0.02, 40 / height, 0.96, (height - 44) / height))
        for place, row in enumerate(rows):
            baseline = row["name"] == comparison["baseline"]
            colour, mean = (MUTED if baseline else LINES[0]), 100 * row["mean"]
            seeds = [100 * error for error in row["errors"]]
            axes.plot(seeds, [place + 0.14] * len(seeds), "|", color=colour, ms=7, mew=1)
            if row["interval"] is not None:
                half = 100 * row["interval"]
                axes.plot([mean - half, mean + half], [place + 0.14] * 2, color=colour, lw=2)
            axes.plot(mean, place + 0.14, "o", color=colour, ms=6.5)
            axes.text(0, place - 0.16, shortened(row["name"]), transform=axes.get_yaxis_transform(),
                      va="center")  # fmt: skip
            axes.text(1, place - 0.16, f"{mean:.1f} %", transform=axes.get_yaxis_transform(),
                      va="center", ha="right", color=colour)  # fmt: skip
            if baseline:
                axes.axvline(mean, color=MUTED, lw=0.8, dashes=(4, 3), zorder=0)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.06)
        axes.set_xlim(left=max(0.0, axes.get_xlim()[0]))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel("test error, %")
        return _svg(figure, "Test errors of the compared augmentations")


def rewards_figure(
    rewards: Mapping[str, Sequence[float]],
    shares: Mapping[str, float],
    reference: str = "no augmentation",
) -> str:
    """What operations are worth, best first: each round and their mean, a row an operation.

    Args:
        rewards: of each operation, by round; shares of the loss.
        shares: how often each is chosen, to stand beside it.
        reference: what a reward is measured against.
    """
    means = {name: 100 * float(np.mean(values)) for name, values in rewards.items()}
    names = sorted(means, key=lambda name: -means[name])
    height = 20 * len(names) + 48
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH / 72, height / 72))
        axes = figure.add_axes((0.26, 40 / height, 0.6, (height - 44) / height))
        for place, name in enumerate(names):
            rounds = [100 * value for value in rewards[name]]
            axes.plot(rounds, [place] * len(rounds), "|", color=LINES[0], ms=8, mew=1)
            axes.plot([0, means[name]], [place] * 2, color=LINES[0], lw=2)
            axes.plot(means[name], place, "o", color=LINES[0], ms=5.5)
            axes.text(1.03, place, f"{100 * shares[name]:.0f} %", va="center",
                      transform=axes.get_yaxis_transform(), color=MUTED)  # fmt: skip
        axes.axvline(0, color=MUTED, lw=0.8, dashes=(4, 3), zorder=0)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.06)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(f"validation loss saved, % (against {reference})")
        return _svg(figure, "What each operation is worth")


def amounts_figure(amounts: Sequence[float], rounds: Sequence[Sequence[float]]) -> str:
    """The validation loss by how much of the policy is applied: each round, and their mean."""
    x = 100 * np.array(amounts)
    with matplotlib.rc_context(_STYLE):
        figure, axes = _axes(220, right=0.9, ylabel="validation loss")
        axes.set_xlabel("probability of an operation, %")
        for losses in rounds:
            _line(axes, x, np.array(losses), FAINT, 1.2)
        mean = np.mean(rounds, axis=0)
        _line(axes, x, mean, LINES[0], 1.8)
        axes.plot(x, mean, "o", color=LINES[0], ms=4)
        return _svg(figure, "Validation loss by the amount of the policy")


def _axes(height: int, right: float, ylabel: str) -> tuple[Figure, Axes]:
    """One panel over epochs; the unit of the y axis stands above it, horizontally."""
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    axes = figure.add_axes((0.1, 38 / height, right - 0.1, 1 - 64 / height))
    axes.set_xlabel("epoch")
    axes.set_title(ylabel, loc="left", fontsize=11, color=MUTED, x=-0.1)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color=GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=3)
    return figure, axes


def _line(
    axes: Axes,
    x: np.ndarray,
    y: np.ndarray,
    colour: str,
    width: float,
    *,
    dashes: tuple[float, ...] = (),
) -> None:
    """A line, or a dot where there is only one point."""
    (line,) = axes.plot(x, y, color=colour, lw=width, marker="o" if len(x) == 1 else "", ms=4)
    if dashes:
        line.set_dashes(dashes)


def _end_labels(
    axes: Axes,
    values: Sequence[float],
    labels: Sequence[str],
    colours: Sequence[str],
    lines: int = 1,
) -> None:
    """Name each line at its end, in its colour, without overlap."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    panel = axes.get_window_extent().height * 72 / axes.figure.dpi
    gap = (13.5 * lines + 3) / panel
    shares = [(value - low) / (high - low) for value in values]
    edge = 0.5 * gap if lines > 1 else 0.0
    places = spread(shares, gap, edge, 1 - edge)
    for share, label, colour in zip(places, labels, colours, strict=False):
        axes.text(1.03, share, label, color=colour, transform=axes.transAxes, va="center",
                  linespacing=1.15)  # fmt: skip


def _svg(figure: Figure, label: str) -> str:
    """The figure as an element for a page, with the placeholders turned into CSS variables."""
    file = StringIO()
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({"svg.hashsalt": label}):
        figure.savefig(file, format="svg", dpi=72, transparent=True, metadata=metadata)
    text = file.getvalue()
    box = re.search(r'viewBox="[^"]*"', text)
    assert box is not None
    body = text[text.index(">", box.end()) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.S)
    body = re.sub(r' id="[a-zA-Z0-9.]+_\d+"', "", body)  # several figures share a page
    for colour, name in VARIABLES.items():
        body = body.replace(colour, f"var(--{name})")
    return f'<svg class="figure" role="img" aria-label="{escape(label)}" {box[0]}>{body}'
