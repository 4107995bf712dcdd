"""The yardstick *rank*: do a search's effects order operations as whole trainings do?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy import stats

from benchmarks.search_quality.rows import Row
from benchmarks.search_quality.splits import Parts
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.trainings import Job
from dada.datasets import Dataset
from dada.policy import PAPER_OPERATIONS, Operation, Policy, Scale, SubPolicy, effective
from dada.searching.methods.dada.arms.reliability import reliability

_SAMPLES = 2000  # of the bootstrap


def jobs_of(dataset: Dataset, parts: Parts, rounds: int, epochs: int) -> list[Job]:
    """Each operation alone, on half of the images and at any strength, and no policy."""
    return [
        Job(
            key=_key(number, name, epochs),
            policy=_alone(name),
            train=parts.fresh[number % len(parts.fresh)],
            judges=parts.judges,
            seed=1000 + number,
            epochs=epochs,
        )
        for number in range(rounds)
        for name in ("none", *operations(dataset))
    ]


def operations(dataset: Dataset) -> tuple[str, ...]:
    """Those that can change the images."""
    return effective(PAPER_OPERATIONS, dataset.channels)


def reference(dataset: Dataset, rounds: int, epochs: int, store: Store) -> np.ndarray:
    """(rounds, N) log loss that each operation saves against no policy."""

    def saved(number: int, name: str) -> float:
        losses = [store[_key(number, one, epochs)]["loss"] for one in ("none", name)]
        return float(np.log(losses[0] / losses[1]))

    return np.array(
        [[saved(number, name) for name in operations(dataset)] for number in range(rounds)]
    )


def table_of(
    rows: Sequence[Row], dataset: Dataset, found: np.ndarray, searches: int, store: Store
) -> dict[str, Any]:
    """Rank correlations by row, each with its standard error, and the reference itself."""
    names = operations(dataset)
    table: dict[str, Any] = {}
    for row in rows:
        keys = [f"search/{row.name}/{number}" for number in range(searches)]
        effects = [store[key]["effects"] for key in keys if key in store]
        measured = [[each[name] for name in names] for each in effects if each]
        if measured:
            table[row.name] = _correlations(np.array(measured), found)
    means = dict(zip(names, found.mean(0).tolist(), strict=True))
    known = reliability(torch.from_numpy(found)) if len(found) > 1 else None
    return {"rows": table, "reference": {"effects": means, "reliability": known}}


def _correlations(measured: np.ndarray, found: np.ndarray) -> dict[str, Any]:
    """Spearman's, mean over the searches; its standard error by resampling searches and rounds."""
    generator = np.random.default_rng(0)

    def mean(searches: np.ndarray, rounds: np.ndarray) -> float:
        truth = found[rounds].mean(0)
        each = [stats.spearmanr(measured[s], truth).statistic for s in searches]
        return float(np.mean(each))

    samples = [
        mean(
            generator.integers(len(measured), size=len(measured)),
            generator.integers(len(found), size=len(found)),
        )
        for _ in range(_SAMPLES)
    ]
    everything = mean(np.arange(len(measured)), np.arange(len(found)))
    return {
        "spearman": everything,
        "standard_error": float(np.std(samples)),
        "searches": [float(stats.spearmanr(each, found.mean(0)).statistic) for each in measured],
    }


def _alone(name: str) -> Policy:
    if name == "none":
        return Policy.none()
    return Policy((SubPolicy((Operation(name, 0.5, 0.5, 1.0),)),), Scale("strength"))


def _key(number: int, name: str, epochs: int) -> str:
    return f"rank/{epochs}/{number}/{name}"
