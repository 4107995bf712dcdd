"""Means and differences in a comparison: what they show, and how to write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from dada.report.numbers import count
from dada.tasks import Metric

Effect = Literal["helped", "hurt", "none", "unknown"]
Row = Mapping[str, Any]

WORDS: dict[Effect, str] = {
    "helped": "helped",
    "hurt": "hurt",
    "none": "no measurable difference",
    "unknown": "too few to tell",
}

FEWEST_SEEDS = 3
"""Fewer trainings say next to nothing about how much trainings vary."""
FEWEST_IMAGES = 6
"""With fewer discordant images an exact test (McNemar 1947) never reaches 5 %: 2 / 2⁵ = 6 %."""


def values_of(row: Row) -> list[float]:
    """The metric of a row by seed, in [0, 1].

    Examples:
        >>> values_of({"errors": [0.05, 0.06]}), values_of({"values": [0.4]})
        ([0.05, 0.06], [0.4])
    """
    return list(row["errors"] if "errors" in row else row["values"])


def effect(row: Row, metric: Metric) -> Effect:
    """What the paired difference from the baseline shows.

    Args:
        row: a row of a comparison, not the baseline's.
        metric: says which way is better.

    Examples:
        >>> from dada.tasks.metric import TEST_ERROR
        >>> row = {"errors": [0.05] * 3, "difference": -0.01, "difference_interval": 0.004}
        >>> effect(row, TEST_ERROR)
        'helped'
    """
    return effect_of(row, row["difference_interval"], len(values_of(row)), metric)


def effect_of(gap: Row, half_width: float | None, seeds: int, metric: Metric) -> Effect:
    """The same for any paired difference.

    Args:
        gap: ``difference`` and, if it is known, the number of ``discordant`` images.
        half_width: half-width of the difference's 95 % interval; None if it has none.
        seeds: number of seeds that it is a mean over.
        metric: says which way is better.
    """
    difference = gap["difference"]
    if half_width is None or seeds < FEWEST_SEEDS:
        return "unknown"
    if abs(difference) <= half_width:
        return "none"
    if gap.get("discordant", FEWEST_IMAGES) < FEWEST_IMAGES:
        return "unknown"
    return "helped" if metric.better(difference, than=0) else "hurt"


def too_few(row: Row) -> str:
    """Why a row has the effect "unknown".

    Examples:
        >>> too_few({"errors": [0.05, 0.06]})
        '2 seeds are too few to tell that from chance'
    """
    seeds = len(values_of(row))
    if seeds == 1:
        held = "; the interval is over the test images alone" if row["interval"] else ""
        return f"one seed cannot tell that from chance{held}"
    if seeds < FEWEST_SEEDS:
        return f"{seeds} seeds are too few to tell that from chance"
    images = count(row.get("discordant", 0), "test image")
    return f"the two differ on {images} only, too few to tell that from chance"


def held(comparison: Mapping[str, Any]) -> str:
    """What the intervals of a comparison cover.

    Examples:
        >>> held({"seeds": [0, 1], "test_images": 360, "intervals": "seeds and test images"})
        '2 seeds and 360 test images'
    """
    seeds, images = count(len(comparison["seeds"]), "seed"), f"{comparison['test_images']:,}"
    kinds = {
        "seeds and test images": f"{seeds} and {images} test images",
        "test images": f"{images} test images, of {seeds} alone",
    }
    return kinds.get(comparison.get("intervals", ""), f"{seeds} alone, not over the test images")


def decimals(row: Row, width: str = "difference_interval") -> int:
    """The fewest decimals at which the rounded difference and interval show what exact ones do.

    Args:
        row: a difference, and its half-width under the name `width`.
        width: the name.

    Examples:
        >>> decimals({"difference": 0.0104, "difference_interval": 0.0096})
        2
    """
    difference, half_width = row.get("difference"), row.get(width)
    if half_width is None or difference is None:
        return 1
    for places in (1, 2):
        gap, half = round(100 * abs(difference), places), round(100 * half_width, places)
        if (gap > half) == (abs(difference) > half_width) and (half > 0 or half_width == 0):
            return places
    return 3


def error_in_words(row: Row, places: int = 1) -> str:
    """The mean and the half-width of its 95 % interval, in per cent.

    Examples:
        >>> error_in_words({"mean": 0.053, "interval": 0.008}).replace("\N{NO-BREAK SPACE}", " ")
        '5.3 % ± 0.8'
    """
    text = f"{100 * row['mean']:.{places}f}\N{NO-BREAK SPACE}%"
    if row["interval"] is None:
        return text
    return text + _plus_minus(row["interval"], places)


def difference_in_words(
    row: Row, places: int | None = None, unit: str = "points", width: str = "difference_interval"
) -> str:
    """A paired difference and the half-width of its interval, in percentage points.

    Examples:
        >>> gap = {"difference": 0.002, "difference_interval": 0.009}
        >>> difference_in_words(gap).replace("\N{NO-BREAK SPACE}", " ")
        '+0.2 ± 0.9 points'
    """
    places = decimals(row, width) if places is None else places
    value = round(100 * row["difference"], places) + 0.0  # no minus before a zero
    text = f"{value:+.{places}f}".replace("-", "−")
    if row[width] is not None:
        text += _plus_minus(row[width], places)
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def _plus_minus(half_width: float, places: int) -> str:
    return f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{100 * half_width:.{places}f}"
