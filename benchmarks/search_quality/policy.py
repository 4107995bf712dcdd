"""The yardstick *policy*: test errors of the proxy on fresh sets, paired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.search_quality.rows import Row
from benchmarks.search_quality.splits import Parts
from benchmarks.search_quality.statistics import crossed
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.trainings import Job
from dada.policy import Policy


def jobs_of(
    rows: Sequence[Row], policies: Mapping[str, list[Policy]], parts: Parts, epochs: int
) -> list[Job]:
    """Every row on every set, set by set: what is there after a stop is paired."""
    return [
        Job(
            key=_key(row, number, search, epochs),
            policy=policies[row.name][search],
            train=train,
            judges=parts.test,
            seed=number,
            epochs=epochs,
        )
        for number, train in enumerate(parts.fresh)
        for row in rows
        for search in (parts.eligible(number) if row.searched else [0])
    ]


def table_of(
    rows: Sequence[Row], parts: Parts, epochs: int, store: Store, against: Sequence[str]
) -> dict[str, Any]:
    """Mean errors by row, and differences from other rows, in percentage points."""
    errors = {row.name: _errors(row, parts, epochs, store) for row in rows}
    table: dict[str, Any] = {}
    for row in rows:
        own = errors[row.name]
        found: dict[str, Any] = {"error": crossed(own)._asdict(), "sets": len(own)}
        found["by_search"] = own.mean(0).tolist()
        for other in against:
            if other in errors and other != row.name:
                found[f"less {other}"] = crossed(own - errors[other])._asdict()
        table[row.name] = found
    return table


def _errors(row: Row, parts: Parts, epochs: int, store: Store) -> np.ndarray:
    """(sets, searches); one column for a row without a search."""
    return np.array(
        [
            [
                100 * store[_key(row, number, search, epochs)]["error"]
                for search in (parts.eligible(number) if row.searched else [0])
            ]
            for number in range(len(parts.fresh))
        ]
    )


def _key(row: Row, number: int, search: int, epochs: int) -> str:
    of = f"/{search}" if row.searched else ""
    return f"policy/{epochs}/{number}/{row.name}{of}"
