"""Which images searches see, and which the network is fine-tuned on."""

from __future__ import annotations

import numpy as np

from benchmarks.search_quality.splits import Parts
from dada.datasets import Dataset
from dada.errors import UserError


def parts_of(dataset: Dataset, searches: int, seeds: int, per_class: int) -> Parts:
    """All training images for each search; some of each class, drawn anew, for each seed.

    Raises:
        UserError: images have several labels, or a class has too few.
    """
    labels = dataset.train.labels
    if labels.ndim > 1:
        raise UserError("images with several labels: the study is for one label per image")
    counts = np.bincount(labels.numpy(), minlength=len(dataset.classes))
    if counts.min() < per_class:
        fewest = dataset.classes[int(counts.argmin())]
        raise UserError(f"--per-class {per_class}: {fewest} has {counts.min()} training images")
    return Parts(
        searches=[dataset] * searches,
        fresh=[dataset.train.subset(_drawn(labels.numpy(), per_class, s)) for s in range(seeds)],
        judges=dataset.test,
        test=dataset.test,
        apart=True,
        unseen=[],
    )


def _drawn(labels: np.ndarray, per_class: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    each = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return np.concatenate([generator.permutation(rows)[:per_class] for rows in each])
