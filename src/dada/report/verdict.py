"""From a comparison to plain sentences: whether a policy helped, hurt, or neither shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Effect = Literal["helped", "hurt", "none", "unknown"]
Row = Mapping[str, Any]

WORDS: dict[Effect, str] = {
    "helped": "helped",
    "hurt": "hurt",
    "none": "no measurable difference",
    "unknown": "one seed cannot tell",
}


_WITHOUT_SEARCH = ("RandAugment", "TrivialAugment", "uniform policy")


@dataclass(frozen=True)
class Verdict:
    """What a comparison says of one row.

    Attributes:
        effect: "helped" or "hurt" only where the paired 95 % interval excludes zero.
        sentence: the same in words, with the numbers behind it.
    """

    effect: Effect
    sentence: str


def effect(row: Row) -> Effect:
    """What the paired difference to the baseline shows. Errors fall where a policy helps."""
    difference, half_width = row["difference"], row["difference_interval"]
    if half_width is None:
        return "unknown"
    if difference + half_width < 0:
        return "helped"
    return "hurt" if difference - half_width > 0 else "none"


def policy_rows(comparison: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the rows that are neither the baseline nor a method without search."""
    names = [row["name"] for row in comparison["rows"] if row["name"] != comparison["baseline"]]
    return tuple(name for name in names if name not in _WITHOUT_SEARCH)


def verdict(comparison: Mapping[str, Any]) -> tuple[str, ...]:
    """What a comparison says, a sentence for each policy in it and one on the lowest error."""
    names = policy_rows(comparison) or tuple(
        row["name"] for row in comparison["rows"] if row["name"] != comparison["baseline"]
    )
    return (*(judge(comparison, name).sentence for name in names), lowest(comparison))


def judge(comparison: Mapping[str, Any], name: str, called: str | None = None) -> Verdict:
    """One honest sentence on one row of a comparison.

    Args:
        comparison: baseline and rows, as in `comparison.json`.
        name: of the row.
        called: how the sentence calls it; by default its name.

    Example:
        >>> crop = {"name": "crop", "errors": [0.05], "mean": 0.05, "interval": None}
        >>> found = crop | {"name": "found", "difference": 0.0, "difference_interval": None}
        >>> judge({"baseline": "crop", "rows": [crop, found]}, "found").effect
        'unknown'
    """
    rows = {row["name"]: row for row in comparison["rows"]}
    row, baseline = rows[name], rows[comparison["baseline"]]
    kind, places = effect(row), decimals(row)
    subject = called or _with_article(name)
    against = (
        f"{error_in_words(row, places)} against {error_in_words(baseline, places)} "
        f"for {baseline['name']}"
    )
    gap = difference_in_words(row, places)
    seeds = f"{len(row['errors'])} seeds"
    sentences: dict[Effect, str] = {
        "helped": f"{subject} helped: test error {against} (paired difference {gap} over {seeds}).",
        "hurt": f"{subject} hurt: test error {against} (paired difference {gap} over {seeds}).",
        "none": (
            f"{subject} made no measurable difference: test error {against} "
            f"(paired difference {gap} over {seeds})."
        ),
        "unknown": (
            f"{subject} had a test error of {against} (difference {gap}); "
            "one seed cannot tell that from chance."
        ),
    }
    return Verdict(kind, f"On these images {sentences[kind]}")


def lowest(comparison: Mapping[str, Any]) -> str:
    """The row of the lowest mean error, in words. It may be so by chance."""
    row = min(comparison["rows"], key=lambda r: r["mean"])
    name = _with_article(row["name"])
    return f"The lowest mean error in the comparison is {error_in_words(row)}, of {name}."


def decimals(row: Row) -> int:
    """Fewest decimals at which the rounded difference and interval show what the exact ones do."""
    difference, half_width = row.get("difference"), row.get("difference_interval")
    if half_width is None or difference is None:
        return 1
    for places in (1, 2):
        gap, width = round(100 * abs(difference), places), round(100 * half_width, places)
        if (gap > width) == (abs(difference) > half_width) and (width > 0 or half_width == 0):
            return places
    return 3


def error_in_words(row: Row, places: int = 1) -> str:
    """``5.3 % ± 0.8``: mean and half-width of its 95 % interval, per cent."""
    text = f"{100 * row['mean']:.{places}f}\N{NO-BREAK SPACE}%"
    if row["interval"] is None:
        return text
    return text + _plus_minus(row["interval"], places)


def difference_in_words(row: Row, places: int | None = None, unit: str = "points") -> str:
    """``+0.2 ± 0.9 points``: paired difference to the baseline and its 95 % half-width."""
    places = decimals(row) if places is None else places
    value = round(100 * row["difference"], places) + 0.0  # no minus before a zero
    text = f"{value:+.{places}f}".replace("-", "−")
    if row["difference_interval"] is not None:
        text += _plus_minus(row["difference_interval"], places)
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def _with_article(name: str) -> str:
    return f"the {name}" if "policy" in name.split() else name


def _plus_minus(half_width: float, places: int) -> str:
    return f"\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{100 * half_width:.{places}f}"
