"""Errors of every row, and paired differences from every other, for each set and on average."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.search_quality.policy import Place
from benchmarks.search_quality.statistics import crossed
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.table import errors as errors_of
from benchmarks.search_quality.trainings import Job

Errors = Mapping[str, np.ndarray]
"""By row (seeds, searches), in per cent; one column for a row with one policy."""


def table_of(jobs: Mapping[Place, Job], store: Store) -> dict[str, Any]:
    """By row the mean `error`, the `errors` it is the mean of, and the difference from each
    other row, in points."""
    errors = _errors(jobs, store)
    rows = _compared([errors])
    return {name: {**row, "errors": errors[name].round(4).tolist()} for name, row in rows.items()}


def averaged(sets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tables' average over the sets, each of which weighs the same."""
    return [_average(tables) for tables in zip(*(found["tables"] for found in sets), strict=True)]


def _average(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    errors = [
        {name: np.array(row["errors"]) for name, row in table["rows"].items()} for table in tables
    ]
    return {"epochs": tables[0]["epochs"], "rows": _compared(errors)}


def _compared(sets: Sequence[Errors]) -> dict[str, dict[str, Any]]:
    """By row the mean error over the sets, and its differences from the other rows."""

    def less(name: str, other: str) -> dict[str, Any]:
        return crossed(*(errors[name] - errors[other] for errors in sets))._asdict()

    return {
        name: {
            "error": crossed(*(errors[name] for errors in sets))._asdict(),
            **{f"less {other}": less(name, other) for other in sets[0] if other != name},
        }
        for name in sets[0]
    }


def _errors(jobs: Mapping[Place, Job], store: Store) -> Errors:
    found: dict[str, dict[int, list[float]]] = {}
    for place, job in jobs.items():
        seeds = found.setdefault(place.row, {})
        seeds.setdefault(place.number, []).append(100 * store[job.key]["error"])
    return {row: np.array([seeds[n] for n in sorted(seeds)]) for row, seeds in found.items()}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The tables as text: each row's error, and what it is less than each fixed choice."""
    for found in result["sets"]:
        for table in found["tables"]:
            yield f"{found['data']}, {table['epochs']} epochs"
            yield from errors_of(table["rows"])
    for table in result["average"]:
        yield f"average, {table['epochs']} epochs"
        yield from errors_of(table["rows"])
