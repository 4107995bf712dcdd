"""A comparison's part of a page: its figure, its tables, and their captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dada.report.chart import Dots, Row
from dada.report.facts import NAMED_CLASSES
from dada.report.gaps import (
    WORDS,
    decimals,
    difference_in_words,
    effect,
    error_in_words,
    held,
    values_of,
)
from dada.report.numbers import capitalised, count, percent
from dada.tasks import metric_recorded


@dataclass(frozen=True, kw_only=True)
class ComparisonPart:
    """A comparison on a page.

    Attributes:
        lead: what was trained on what; empty if the page says it already.
        path: the comparison's folder; empty if it is the page's.
        chart: the results.
        rows: the rows of the table, in words.
        held: what the intervals cover.
        classes: the metric by class; empty if it is unknown.
    """

    lead: str
    path: str
    chart: Dots
    rows: Sequence[dict[str, Any]]
    held: str
    classes: Sequence[dict[str, Any]]


def comparison_part(
    comparison: Mapping[str, Any], classes: Sequence[str], lead: str = "", path: str = ""
) -> ComparisonPart:
    """The part of a page.

    Args:
        comparison: as in `comparison.json`.
        classes: their names.
        lead, path: as in `ComparisonPart`.
    """
    return ComparisonPart(
        lead=lead,
        path=path,
        chart=metric_chart(comparison),
        rows=_rows(comparison),
        held=held(comparison),
        classes=_class_rows(comparison, [str(name) for name in classes]),
    )


def lead_of(comparison: Mapping[str, Any]) -> str:
    """What was trained, on what, and what was tested."""
    same = f"{comparison['around']} in every row; " if "around" in comparison else ""
    stopped = f" Stopped {comparison['stopped']}." if "stopped" in comparison else ""
    return (
        f"The same network ({comparison['network']}) trained from the same "
        f"{count(len(comparison['seeds']), 'seed')} under each augmentation: "
        f"{count(comparison['images'], 'training image')}, "
        f"{count(comparison['epochs'], 'epoch')}; {same}tested on "
        f"{count(comparison['test_images'], 'test image')}.{stopped}"
    )


def metric_chart(comparison: Mapping[str, Any]) -> Dots:
    """The metric of each seed, the mean and its 95 % interval: one row per augmentation."""
    metric = metric_recorded(comparison)
    rows = [
        Row(
            name=row["name"],
            points=[100 * value for value in values_of(row)],
            mean=100 * row["mean"],
            interval=None if row["interval"] is None else 100 * row["interval"],
            side=f"{100 * row['mean']:.1f} %",
            muted=row["name"] == comparison["baseline"],
        )
        for row in comparison["rows"]
    ]
    return Dots(
        title=f"{capitalised(metric.title)} of the compared augmentations",
        caption="Dot: mean. Ticks: the seeds. Line: 95\N{NO-BREAK SPACE}% interval of the mean. "
        "Dashed: the baseline’s mean.",
        x_label=metric.heading,
        rows=rows,
        reference=next((row.mean for row in rows if row.muted), None),
        least=0.0,
    )


def _rows(comparison: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows, metric = [], metric_recorded(comparison)
    for row in comparison["rows"]:
        baseline, kind = row["name"] == comparison["baseline"], effect(row, metric)
        seeds = ", ".join(f"{100 * value:.2f}" for value in values_of(row))
        rows.append(
            {
                "name": row["name"],
                "error": error_in_words(row, decimals(row)),
                "seeds": seeds if len(values_of(row)) > 1 else "",
                "difference": "" if baseline else difference_in_words(row, unit=""),
                "effect": "baseline" if baseline else kind,
                "words": "the baseline" if baseline else WORDS[kind],
            }
        )
    return rows


def _class_rows(comparison: Mapping[str, Any], classes: Sequence[str]) -> list[dict[str, Any]]:
    """The metric of each class under each augmentation; of many, those that differ most."""
    key = metric_recorded(comparison).class_key
    tables = [row.get(key) for row in comparison["rows"]]
    if not classes or not all(table and len(table) == len(classes) for table in tables):
        return []
    rows = [
        {"name": name, "errors": errors, "spread": max(known) - min(known)}
        for name, errors in zip(classes, zip(*tables, strict=True), strict=True)
        if (known := [error for error in errors if error is not None])
    ]
    kept = sorted(rows, key=lambda row: -row["spread"])[:NAMED_CLASSES]
    return [
        {
            "name": row["name"],
            "errors": ["–" if error is None else percent(error) for error in row["errors"]],
        }
        for row in rows
        if row in kept
    ]
