"""The results as text, while a study is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.search_quality.searches import UNIT


def lines(result: dict[str, Any]) -> Iterator[str]:
    """One line per row of each table."""
    for name, found in result["searches"].items():
        seconds = sum(each["seconds"] for each in found) / len(found)
        views = [each["views"] for each in found if each["views"]]
        cost = f", {sum(views) / len(views) / UNIT:.1f} trainings of 500 images" if views else ""
        yield f"{name:14} {seconds:6.0f} s{cost}"
    for name, row in result.get("rank", {}).get("rows", {}).items():
        yield f"{name:14} rank {row['spearman']:.2f} ± {row['standard_error']:.2f}"
    yield from errors(result.get("policy", {}))
    for size in result.get("scale", []):
        yield f"{size['images']:,} images, {size['epochs']} epochs"
        yield from errors(size["rows"])


def errors(table: Mapping[str, Any]) -> Iterator[str]:
    """Each row's error, and what it is less than others."""
    for name, row in table.items():
        others = [f"{key} {in_words(value)}" for key, value in row.items() if "less" in key]
        yield f"{name:14} {row['error']['mean']:6.2f}  {', '.join(others)}"


def in_words(found: Mapping[str, Any], sign: str = "+") -> str:
    """A mean and its interval; by default a difference, with its sign."""
    half = found["interval"]
    return f"{found['mean']:{sign}.2f}" + ("" if half is None else f" ± {half:.2f}")
