"""The rows of a comparison, from the records of its trainings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from dada.comparison.answers import unpack
from dada.comparison.statistics import LEVEL, difference, half_width, seeds_apart, summary
from dada.runs.work import Record
from dada.tasks import Metric
from dada.tasks.metric import TEST_ERROR
from dada.training.augmentations import Method


def values_of(
    done: Sequence[Record], metric: Metric, row: str, seeds: Iterable[int]
) -> list[float]:
    """The metric of a row, in [0, 1], for the seeds that are done."""
    by_seed = {e["seed"]: e[metric.key] for e in done if e["row"] == row}
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
    metric: Metric = TEST_ERROR,
) -> dict[str, Any]:
    """What a comparison found, as plain data.

    Args:
        done: a record per training, of every method and seed.
        methods: the rows; the first is the baseline.
        seeds: those of each row's trainings.
        images: number of test images.
        answers: number per image.
        metric: the task's.

    Returns:
        ``seeds``; ``intervals``, what they cover ("seeds and test images", "test images", "seeds");
        ``free``, names of the rows that needed no search; and ``rows``, each with name,
        ``errors`` by seed, ``mean`` and ``interval``, ``difference`` from the baseline with
        ``difference_interval``, the number of ``discordant`` images, mean ``class_errors``,
        ``seconds`` and, for a policy, ``policy``, its name in the run's config, and ``against``:
        the same for each of the free rows, with a ``simultaneous`` interval that holds for all of
        them at once (Bonferroni). Of a metric that is no error, the first are called ``values`` and
        by its ``class_key``; if it is no mean over images, none are ``discordant``.
    """
    baseline, *_ = methods
    free = [method.name for method in methods if method.given is None]
    wrong = wrong_by_row(done, methods, seeds, images, answers)
    by_row = {m.name: values_of(done, metric, m.name, seeds) for m in methods}
    rows = []
    for method in methods:
        mine = [e for s in seeds for e in done if e["row"] == method.name and e["seed"] == s]
        values = by_row[method.name]
        reference = None if method is baseline else by_row[baseline.name]
        row = {"name": method.name, metric.seeds_key: values, **summary(values, reference)}
        if method.given is not None:
            row["policy"] = method.given
        if wrong:
            row["interval"] = half_width(wrong[method.name])
            if method is not baseline:
                row |= _paired(wrong[method.name], wrong[baseline.name], "difference_interval")
            if method.given is not None:
                row["against"] = _against(wrong, method.name, free)
        elif method.given is not None and not metric.over_images:
            row["against"] = _against_seeds(by_row, method.name, free)
        row[metric.class_key] = _by_class(mine, metric.class_key)
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


def losses_by_row(
    done: Sequence[Record], methods: Sequence[Method], seeds: Sequence[int], metric: Metric
) -> dict[str, np.ndarray]:
    """(seeds,) the metric of each row, with its sign such that less is better."""
    sign = 1.0 if metric.lower_is_better else -1.0
    return {m.name: sign * np.array(values_of(done, metric, m.name, seeds)) for m in methods}


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


def _against_seeds(by_row: Mapping[str, Sequence[float]], name: str, free: Sequence[str]) -> Record:
    """The same with intervals over seeds alone."""
    together, found = 1 - (1 - LEVEL) / len(free), {}
    for other in free:
        gap, interval = seeds_apart(by_row[name], by_row[other])
        _, simultaneous = seeds_apart(by_row[name], by_row[other], together)
        found[other] = {"difference": gap, "interval": interval, "simultaneous": simultaneous}
    return found


def _by_class(records: Sequence[Record], key: str) -> list[float | None] | None:
    """The mean over seeds for each class; None if any record lacks it, as in older releases."""
    tables = [record.get(key) for record in records]
    if not all(tables):
        return None
    return [
        None if None in values else sum(values) / len(values)
        for values in zip(*tables, strict=True)
    ]


def _rounded(thing: Any) -> Any:
    """Plain data with six decimals: no test set resolves a millionth."""
    if isinstance(thing, float):
        return round(thing, 6)
    if isinstance(thing, dict):
        return {name: _rounded(value) for name, value in thing.items()}
    return [_rounded(value) for value in thing] if isinstance(thing, list) else thing
