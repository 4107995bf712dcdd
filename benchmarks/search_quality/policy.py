"""The yardstick *policy*: test errors of the proxy on fresh sets, paired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.search_quality.splits import Parts
from benchmarks.search_quality.statistics import crossed
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.trainings import Job
from dada.training.augmentations import Method

Methods = Mapping[str, Sequence[Method]]
"""The augmentations of each row: one, or one per search."""


class Place(NamedTuple):
    """A cell of the study: a row, a fresh set, and one of the row's searches."""

    row: str
    number: int
    search: int


def jobs_of(methods: Methods, parts: Parts, model: str, epochs: int) -> dict[Place, Job]:
    """Every row on every set, set by set: what is there after a stop is paired."""
    return {
        Place(row, number, search): Job(
            name=f"policy/{number}/{row}/{search}",
            method=found[search],
            train=train,
            judges=parts.test,
            model=model,
            seed=number,
            epochs=epochs,
        )
        for number, train in enumerate(parts.fresh)
        for row, found in methods.items()
        for search in (parts.eligible(number) if len(found) > 1 else [0])
    }


def table_of(
    jobs: Mapping[Place, Job], parts: Parts, store: Store, against: Iterable[str]
) -> dict[str, Any]:
    """Mean errors by row, and differences from other rows, in percentage points."""
    errors = {place: 100 * store[job.key]["error"] for place, job in jobs.items()}
    rows = {place.row: _tables(errors, place.row, parts) for place in errors}
    table: dict[str, Any] = {}
    for name, own in rows.items():
        found: dict[str, Any] = {"error": crossed(*own)._asdict(), "sets": len(parts.fresh)}
        found["by_search"] = _by_search(errors, name)
        for other in against:
            if other in rows and other != name:
                gaps = [a - b for a, b in zip(own, rows[other], strict=True)]
                found[f"less {other}"] = crossed(*gaps)._asdict()
        table[name] = found
    return table


def _tables(errors: Mapping[Place, float], row: str, parts: Parts) -> list[np.ndarray]:
    """(sets, searches) for each group of sets; one column for a row with one policy."""
    sets: dict[int, list[float]] = {}
    for place, error in errors.items():
        if place.row == row:
            sets.setdefault(place.number, []).append(error)
    return [np.array([sets[n] for n in group]) for group in parts.groups(len(parts.fresh))]


def _by_search(errors: Mapping[Place, float], row: str) -> list[float]:
    """The mean over the sets that each search's policy was tried on."""
    searches: dict[int, list[float]] = {}
    for place, error in errors.items():
        if place.row == row:
            searches.setdefault(place.search, []).append(error)
    return [float(np.mean(searches[search])) for search in sorted(searches)]
