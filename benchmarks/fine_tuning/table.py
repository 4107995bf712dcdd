"""Errors of every row, and paired differences from every other, for each set and on average."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.search_quality.policy import Place
from benchmarks.search_quality.statistics import Mean, crossed
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.trainings import Job

Errors = Mapping[str, np.ndarray]
"""By row (seeds, searches), in per cent; one column for a row with one policy."""


def table_of(jobs: Mapping[Place, Job], store: Store) -> dict[str, Any]:
    """By row the mean `error`, the `errors` it is the mean of, and the difference from each
    other row, in points."""
    errors = _errors(jobs, store)
    return {
        name: {
            "error": crossed(own)._asdict(),
            "errors": own.round(4).tolist(),
            **{
                f"less {other}": crossed(own - others)._asdict()
                for other, others in errors.items()
                if other != name
            },
        }
        for name, own in errors.items()
    }


def averaged(sets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tables' average over the sets, each of which weighs the same."""
    return [_average([found["tables"][place] for found in sets]) for place in range(_count(sets))]


def _count(sets: Sequence[Mapping[str, Any]]) -> int:
    return len(sets[0]["tables"])


def _average(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    errors = [
        {name: np.array(row["errors"]) for name, row in table["rows"].items()} for table in tables
    ]
    rows = {
        name: {
            "error": crossed(*(each[name] for each in errors))._asdict(),
            **{
                f"less {other}": crossed(*(each[name] - each[other] for each in errors))._asdict()
                for other in errors[0]
                if other != name
            },
        }
        for name in errors[0]
    }
    return {"epochs": tables[0]["epochs"], "rows": rows}


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
            yield from _of(table["rows"])
    for table in result["average"]:
        yield f"average, {table['epochs']} epochs"
        yield from _of(table["rows"])


def _of(rows: Mapping[str, Any]) -> Iterator[str]:
    for name, row in rows.items():
        gaps = [f"{key} {_signed(Mean(**row[key]))}" for key in row if key.startswith("less ")]
        yield f"{name:20} {row['error']['mean']:6.2f}  {', '.join(gaps)}"


def _signed(found: Mean) -> str:
    return f"{found.mean:+.2f}" + ("" if found.interval is None else f" ± {found.interval:.2f}")
