"""From a comparison to plain sentences: whether a policy helped, hurt, or made no difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dada.report.gaps import (
    FEWEST_SEEDS,
    Effect,
    Row,
    decimals,
    difference_in_words,
    effect,
    effect_of,
    error_in_words,
    too_few,
    values_of,
)
from dada.report.numbers import count
from dada.tasks import Metric, metric_recorded

_WITHOUT_SEARCH = ("RandAugment", "TrivialAugment", "uniform policy")


@dataclass(frozen=True)
class Verdict:
    """What a comparison says about one row.

    Attributes:
        effect: "helped" only if the paired 95 % interval excludes zero, against the baseline and
            against every row that needs no search; "hurt" if it is worse than the baseline or the
            best of those.
        sentence: the same in words, with the numbers behind it.
    """

    effect: Effect
    sentence: str


def free_rows(comparison: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the rows that need no search, the baseline among them."""
    names = (comparison["baseline"], *_WITHOUT_SEARCH)
    return tuple(comparison.get("free", names))


def policy_rows(comparison: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the rows that must beat those that need no search."""
    free = free_rows(comparison)
    return tuple(row["name"] for row in comparison["rows"] if row["name"] not in free)


def verdict(comparison: Mapping[str, Any]) -> tuple[str, ...]:
    """What a comparison says: one sentence per policy, and one on the best row.

    Args:
        comparison: baseline and rows, as in `comparison.json`, or as `dada.compare` returns them.
    """
    return tuple(one.sentence for one in verdicts(comparison))


def verdicts(comparison: Mapping[str, Any]) -> list[Verdict]:
    """The same, each with its effect; that of the best row is "unknown"."""
    names = policy_rows(comparison) or [
        row["name"] for row in comparison["rows"] if row["name"] != comparison["baseline"]
    ]
    return [*(judge(comparison, name) for name in names), Verdict("unknown", the_best(comparison))]


def judge(comparison: Mapping[str, Any], name: str, called: str | None = None) -> Verdict:
    """A sentence or two on one row of a comparison.

    Args:
        comparison: baseline and rows, as in `comparison.json`.
        name: the row's.
        called: what the sentence calls it; None is its name.

    Examples:
        >>> crop = {"name": "crop", "errors": [0.05], "mean": 0.05, "interval": None}
        >>> found = crop | {"name": "found", "difference": 0.0, "difference_interval": None}
        >>> judge({"baseline": "crop", "rows": [crop, found]}, "found").effect
        'unknown'
    """
    rows = {row["name"]: row for row in comparison["rows"]}
    row, baseline = rows[name], rows[comparison["baseline"]]
    metric = metric_recorded(comparison)
    kind, places = effect(row, metric), decimals(row)
    seeds = count(len(values_of(row)), "seed")
    subject = called or _with_article(name)
    against = (
        f"{error_in_words(row, places)} against {error_in_words(baseline, places)} "
        f"for {baseline['name']}"
    )
    gap = f"paired difference {difference_in_words(row, places)} over {seeds}"
    if row.get("discordant") == 0 and values_of(row) == values_of(baseline):
        return Verdict(
            "none",
            f"On these images {subject} changed nothing: over {seeds} its networks got the "
            f"same test images wrong as those of {baseline['name']}, "
            f"{error_in_words(baseline, places)}.",
        )
    sentences: dict[Effect, str] = {
        "helped": f"{subject} helped: {metric.title} {against} ({gap}).",
        "hurt": f"{subject} hurt: {metric.title} {against} ({gap}).",
        "none": f"{subject} made no measurable difference: {metric.title} {against} ({gap}).",
        "unknown": f"{subject} had a {metric.title} of {against} ({gap}); {too_few(row)}.",
    }
    beyond = _beyond(row, rows, kind, comparison["baseline"], metric)
    return Verdict(beyond.effect, f"On these images {sentences[kind]} {beyond.sentence}".rstrip())


def _beyond(
    row: Row, rows: Mapping[str, Row], kind: Effect, baseline: str, metric: Metric
) -> Verdict:
    """The row against all rows that need no search.

    To be better than every one of them needs no correction for their number, as each has to be
    beaten. To be worse than the best of them does, as that one is picked by its errors; hence the
    simultaneous interval.
    """
    against = row.get("against", {})
    if not against or kind == "unknown":
        return Verdict(kind, "")
    seeds = len(values_of(row))
    best = metric.best(against, key=lambda name: rows[name]["mean"])
    unbeaten = [
        name
        for name, gap in against.items()
        if effect_of(gap, gap["interval"], seeds, metric) != "helped"
    ]
    error = error_in_words(rows[best])
    if not unbeaten and best == baseline:  # the first sentence compares with it
        return Verdict("helped", "It is better than every row that needs no search.")
    if not unbeaten:
        gap = difference_in_words(against[best], width="interval")
        return Verdict(
            "helped",
            f"It is better than every row that needs no search, the best of which is "
            f"{_with_article(best)} at {error} (paired difference {gap}).",
        )
    if effect_of(against[best], against[best]["simultaneous"], seeds, metric) == "hurt":
        gap = difference_in_words(against[best], width="simultaneous")
        return Verdict(
            "hurt",
            f"It is worse than {_with_article(best)}, which needs no search and has {error} "
            f"(paired difference {gap}, an interval that allows for the choice of the best of "
            f"{len(against)}).",
        )
    named = best if best in unbeaten else metric.best(unbeaten, key=lambda name: rows[name]["mean"])
    gap = difference_in_words(against[named], width="interval")
    if named == baseline:
        return Verdict(kind, "")
    return Verdict(
        "hurt" if kind == "hurt" else "none",
        f"It is not measurably better than {_with_article(named)}, which needs no search and has "
        f"{error_in_words(rows[named])} (paired difference {gap}).",
    )


def the_best(comparison: Mapping[str, Any]) -> str:
    """A sentence on the row with the best mean, which may be chance, and a warning if the networks
    have learned nothing.
    """
    metric = metric_recorded(comparison)
    row = metric.best(comparison["rows"], key=lambda row: row["mean"])
    name = _with_article(row["name"])
    said = (
        f"The {metric.superlative} {metric.averaged} in the comparison is {error_in_words(row)}, "
        f"of {name}."
    )
    naive = comparison.get(metric.naive_key)
    if naive is None:
        return said
    few = len(values_of(row)) < FEWEST_SEEDS and not metric.over_images  # a very wide interval
    beyond = abs(row["mean"] - naive) > (0.0 if few else row["interval"])
    if beyond and metric.better(row["mean"], than=naive):
        return said
    return (
        f"{said} Without looking, by {metric.naive}, it would be "
        f"{100 * naive:.1f}\N{NO-BREAK SPACE}%: these networks have learned next to nothing, and a "
        "comparison of them says nothing. Train for more epochs, on more images, or with another "
        "network."
    )


def _with_article(name: str) -> str:
    return f"the {name}" if "policy" in name.split() else name
