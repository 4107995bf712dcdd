"""Means, intervals and paired differences over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats


def interval(values: Sequence[float]) -> float | None:
    """Half-width of the 95 % interval of the mean (Student's t); None for a single value."""
    if len(values) < 2:
        return None
    quantile = stats.t.ppf(0.975, len(values) - 1)
    return float(quantile * stats.sem(values))


def summary(errors: Sequence[float], baseline: Sequence[float] | None) -> dict[str, Any]:
    """Mean error and, against a baseline of the same seeds, the paired difference.

    Args:
        errors: test errors in [0, 1], one a seed.
        baseline: the baseline's errors for the same seeds; None for the baseline itself.
    """
    row: dict[str, Any] = {
        "errors": list(errors),
        "mean": float(np.mean(errors)),
        "interval": interval(errors),
        "difference": 0.0,
        "difference_interval": None,
    }
    if baseline is not None:
        differences = [e - b for e, b in zip(errors, baseline, strict=True)]
        row["difference"] = float(np.mean(differences))
        row["difference_interval"] = interval(differences)
    return row
