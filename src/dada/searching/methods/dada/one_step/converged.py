"""Whether a search has converged: its latest epochs hardly move the policy any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_LATEST = 5  # epochs


def converged(epochs: Sequence[Mapping[str, Any]], share: float) -> str | None:
    """Why a search may stop; None while it should continue.

    The measure is relative, so that a slow search is not taken for one that is done.

    Args:
        epochs: records of all epochs so far (`OneStep.advance`).
        share: the last five epochs must cover at least this share of the policy's way from the
            uniform one, or the search stops; 0 never stops it.
    """
    if len(epochs) <= _LATEST or not share:
        return None
    whole = distance(_uniform(epochs[-1]), epochs[-1])
    latest = distance(epochs[-1 - _LATEST], epochs[-1])
    if latest >= share * whole:
        return None
    return (
        f"converged after {len(epochs)} epochs: the last {_LATEST} made {latest / whole:.1%} of "
        f"the policy's way, less than the tolerance of {share:.1%}"
    )


def distance(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """The distance between two policies of the same space.

    Args:
        a, b: weights (S,), probabilities (S, K) and magnitudes (S, K).

    Returns:
        The total variation distance of the weights, plus the mean changes of probabilities and of
        magnitudes, over the sub-policies as b weighs them; 0 to 3.
    """
    weights = np.asarray(b["weights"])
    way = 0.5 * np.abs(weights - a["weights"]).sum()
    for name in ("probabilities", "magnitudes"):
        way += weights @ np.abs(np.subtract(a[name], b[name])).mean(1)
    return float(way)


def _uniform(like: Mapping[str, Any]) -> dict[str, Any]:
    """Where every search begins."""
    middle = np.full_like(np.asarray(like["probabilities"]), 0.5)
    size = len(middle)
    return {"weights": np.full(size, 1 / size), "probabilities": middle, "magnitudes": middle}
