"""The rows of a comparison, from the records of its trainings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from dada.comparison.answers import unpack
from dada.comparison.statistics import LEVEL, difference, half_width, summary
from dada.runs.work import Record
from dada.training.augmentations import Method


def errors_of(done: Sequence[Record], row: str, seeds: Iterable[int]) -> list[float]:
    """A row's test errors, in [0, 1], for the seeds that are done."""
    by_seed = {e["seed"]: e["test_error"] for e in done if e["row"] == row}
    return [by_seed[seed] for seed in seeds if seed in by_seed]


def finished_seeds(
    done: Iterable[Record], methods: Sequence[Method], seeds: Sequence[int]
) -> Sequence[int]:
    """The seeds up to the first one of which a row is missing."""
    made = {(e["row"], e["seed"]) for e in done}
    for place, seed in enumerate(seeds):
        if any((method.name, seed) not in made for method in methods):
            return seeds[:place]
    return seeds


def summarise(
    done: Sequence[Record],
    methods: Sequence[Method],
    seeds: Sequence[int],
    images: int,
    answers: int = 1,
) -> dict[str, Any]:
    """What a comparison found, as plain data.

    Args:
        done: a record per training, of every method and seed.
        methods: the rows; the first is the baseline.
        seeds: those of each row's trainings.
        images: number of test images.
        answers: number per image.

    Returns:
        ``seeds``; ``intervals``, what they cover ("seeds and test images", "test images", "seeds");
        ``free``, names of the rows that needed no search; and ``rows``, each with name,
        ``errors`` by seed, ``mean`` and ``interval``, ``difference`` from the baseline with
        ``difference_interval``, the number of ``discordant`` images, mean ``class_errors``,
        ``seconds`` and, for a policy, ``policy``, its name in the run's config, and ``against``:
        the same for each of the free rows, with a ``simultaneous`` interval that holds for all of
        them at once (Bonferroni).
    """
    baseline, *_ = methods
    free = [method.name for method in methods if method.given is None]
    wrong = wrong_by_row(done, methods, seeds, images, answers)
    rows = []
    for method in methods:
        mine = [e for s in seeds for e in done if e["row"] == method.name and e["seed"] == s]
        errors = errors_of(done, method.name, seeds)
        reference = None if method is baseline else errors_of(done, baseline.name, seeds)
        row = {"name": method.name, **summary(errors, reference)}
        if method.given is not None:
            row["policy"] = method.given
        if wrong:
            row["interval"] = half_width(wrong[method.name])
            if method is not baseline:
                row |= _paired(wrong[method.name], wrong[baseline.name], "difference_interval")
            if method.given is not None:
                row["against"] = _against(wrong, method.name, free)
        row["class_errors"] = _class_errors(mine)
        row["seconds"] = sum(e["seconds"] for e in mine) / len(mine)
        rows.append(_rounded(row))
    held = "seeds and test images" if len(seeds) > 1 else "test images"
    return {
        "seeds": list(seeds),
        "intervals": held if wrong else "seeds",
        "free": free,
        "rows": rows,
    }


def wrong_by_row(
    done: Sequence[Record],
    methods: Sequence[Method],
    seeds: Sequence[int],
    images: int,
    answers: int,
) -> dict[str, np.ndarray] | None:
    """(seeds, images) shares of wrong answers for each row; None if any record lacks them, as those
    of older releases do."""
    kept = {(e["row"], e["seed"]): e["wrong"] for e in done if "wrong" in e}
    if any((method.name, seed) not in kept for method in methods for seed in seeds):
        return None
    return {
        method.name: np.stack([unpack(kept[method.name, seed], images, answers) for seed in seeds])
        for method in methods
    }


def _paired(values: np.ndarray, others: np.ndarray, name: str) -> Record:
    mean, half, discordant = difference(values, others)
    return {"difference": mean, name: half, "discordant": discordant}


def _against(wrong: dict[str, np.ndarray], name: str, free: Sequence[str]) -> Record:
    together = 1 - (1 - LEVEL) / len(free)
    return {
        other: {
            **_paired(wrong[name], wrong[other], "interval"),
            "simultaneous": difference(wrong[name], wrong[other], together)[1],
        }
        for other in free
    }


def _class_errors(records: Sequence[Record]) -> list[float | None] | None:
    """The mean over seeds for each class; None if any record lacks it, as in older releases."""
    tables = [record.get("class_errors") for record in records]
    if not all(tables):
        return None
    return [
        None if None in errors else sum(errors) / len(errors)
        for errors in zip(*tables, strict=True)
    ]


def _rounded(thing: Any) -> Any:
    """Plain data with six decimals: no test set resolves a millionth."""
    if isinstance(thing, float):
        return round(thing, 6)
    if isinstance(thing, dict):
        return {name: _rounded(value) for name, value in thing.items()}
    return [_rounded(value) for value in thing] if isinstance(thing, list) else thing
