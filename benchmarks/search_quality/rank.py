"""The yardstick *rank*: do a search's effects order operations as whole trainings do?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import stats

from benchmarks.search_quality.splits import Parts
from benchmarks.search_quality.store import Store
from benchmarks.search_quality.trainings import Job
from dada.datasets import Dataset
from dada.errors import UserError
from dada.policy import PAPER_OPERATIONS, Operation, Policy, Scale, SubPolicy, effective
from dada.searching.methods.dada.arms.reliability import reliability
from dada.training.augmentations import BASELINE, Method, policy_method

_SAMPLES = 2000  # of the bootstrap

Effects = Mapping[int, np.ndarray]
"""By search: (N,) its effects of operations."""


class Place(NamedTuple):
    """A training of the reference: its round, and the operation."""

    number: int
    name: str


def jobs_of(
    dataset: Dataset, parts: Parts, model: str, rounds: int, epochs: int
) -> dict[Place, Job]:
    """Each operation alone, on half of the images and at any strength, and no policy.

    Raises:
        UserError: an odd number of rounds, where searches and trainings take turns.
    """
    if rounds % 2 and not parts.apart:
        raise UserError(f"{rounds} rounds: with two halves of the images, an even number of them")
    return {
        Place(number, name): Job(
            name=f"rank/{number}/{name}",
            method=_alone(name),
            train=parts.fresh[number % len(parts.fresh)],
            judges=parts.judges,
            model=model,
            seed=1000 + number,
            epochs=epochs,
        )
        for number in range(rounds)
        for name in ("none", *operations(dataset))
    }


def operations(dataset: Dataset) -> tuple[str, ...]:
    """Those that can change the images."""
    return effective(PAPER_OPERATIONS, dataset.channels)


def reference(jobs: Mapping[Place, Job], dataset: Dataset, store: Store) -> np.ndarray:
    """(rounds, N) log loss that each operation saves against no policy."""
    logs = {tuple(place): np.log(store[job.key]["loss"]) for place, job in jobs.items()}
    names, rounds = operations(dataset), range(1 + max(place.number for place in jobs))
    return np.array([[logs[n, "none"] - logs[n, name] for name in names] for n in rounds])


def table_of(
    searches: Mapping[str, Sequence[dict[str, Any]]],
    dataset: Dataset,
    parts: Parts,
    truth: np.ndarray,
) -> dict[str, Any]:
    """Rank correlations by row, each with its standard error, and the reference itself.

    Args:
        searches: by row, what each of its searches found.
        truth: (rounds, N), of `reference`.
    """
    names = operations(dataset)
    groups = [np.array(group) for group in parts.groups(len(truth))]
    # What was trained on images that a search saw says nothing about it.
    usable = {s: n for n, group in enumerate(groups) for s in parts.eligible(int(group[0]))}
    table: dict[str, Any] = {}
    for row, found in searches.items():
        effects = {
            s: np.array([each["effects"][name] for name in names])
            for s, each in enumerate(found)
            if set(names) <= set(each["effects"])
        }
        if effects:
            table[row] = _correlations(effects, truth, groups, usable)
    means = dict(zip(names, truth.mean(0).tolist(), strict=True))
    known = reliability(torch.from_numpy(truth)) if len(truth) > 1 else None
    return {"rows": table, "reference": {"effects": means, "reliability": known}}


def _correlations(
    effects: Effects, truth: np.ndarray, groups: Sequence[np.ndarray], usable: Mapping[int, int]
) -> dict[str, Any]:
    """Spearman's, mean over the searches; its standard error by resampling searches and rounds."""
    generator = np.random.default_rng(0)

    def each(searches: Sequence[int], rounds: Sequence[np.ndarray]) -> list[float]:
        means = [truth[group].mean(0) for group in rounds]
        return [float(stats.spearmanr(effects[s], means[usable[s]]).statistic) for s in searches]

    known = list(effects)
    samples = [
        np.mean(
            each(
                generator.choice(known, len(known)).tolist(),
                [generator.choice(group, len(group)) for group in groups],
            )
        )
        for _ in range(_SAMPLES)
    ]
    found = each(known, groups)
    return {
        "spearman": float(np.mean(found)),
        "standard_error": float(np.std(samples)),
        "searches": found,
    }


def _alone(name: str) -> Method:
    if name == "none":
        return BASELINE
    operation = Operation(name, 0.5, 0.5, 1.0)
    return policy_method(Policy((SubPolicy((operation,)),), Scale("strength")), name)
