"""The study's figures: from errors by row and seed to means, differences and wins."""

from typing import Any

from benchmarks.quality.rows import RIVALS
from dada.comparison.statistics import summary

Errors = dict[str, list[float]]
"""Test errors by row, then by seed."""


def against_the_others(name: str, errors: Errors, searches: int | None) -> dict[str, Any]:
    """A row's errors, its wins, and the differences from those `RIVALS` that were trained.

    Args:
        searches: number of the row's searches; None for a row without a search.
    """
    found: dict[str, Any] = {"errors": errors[name], "wins": wins(name, errors)}
    for rival in RIVALS:
        if rival in errors:
            against = None if rival == name else errors[rival]
            found[f"less {rival}"] = certain(errors[name], against, searches)
    return found


def wins(name: str, errors: Errors) -> float:
    """The share of the other rows' trainings, with the same seed, that a row's are better than; a
    tie is half a win."""
    rivals = [other for row, other in errors.items() if row != name]
    won = [
        (ours < theirs) + (ours == theirs) / 2
        for other in rivals
        for ours, theirs in zip(errors[name], other, strict=True)
    ]
    return sum(won) / max(1, len(won))


def certain(
    errors: list[float], against: list[float] | None, searches: int | None
) -> dict[str, Any]:
    """The summary of a row, with intervals that allow for shared searches.

    Trainings with the same search's policy are not independent. With fewer searches than seeds, an
    interval is the wider of two: over trainings, and over the mean per search, which with so few
    means may be too narrow as well as too wide.

    Args:
        errors: by seed; the training with seed s uses search s modulo `searches`.
        against: another row's, by seed; None for the row itself.
        searches: number of the row's searches; None for a row without a search.
    """
    found = {"errors": list(errors), **summary(errors, against)}
    if searches is None or not 1 < searches < len(errors):
        return found
    by_search = [
        [sum(row[s::searches]) / len(row[s::searches]) for s in range(searches)]
        for row in (errors, against)
        if row is not None
    ]
    clustered = summary(by_search[0], by_search[1] if against is not None else None)
    for name in ("interval", "difference_interval"):
        if found[name] is not None:
            found[name] = max(found[name], clustered[name])
    return found
