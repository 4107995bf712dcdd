"""Whether a network's probabilities can be taken at their word."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

if TYPE_CHECKING:
    from dada.tasks.labelling import Labelling

BINS = 15  # as in Guo et al. 2017
_DRAWS, _NUMBERS = 100, 10**7  # at most
_RANGE = math.log(100)  # of the logarithm of a temperature, both ways
_FEWEST = 4  # images that can be halved


def calibration(logits: Tensor, labels: Tensor, task: Labelling) -> dict[str, Any]:
    """Calibration as in Guo et al. 2017, "On calibration of modern neural networks".

    Args:
        logits: float32 (N, classes).
        labels: as the task has them.
        task: says what is an answer, and how much it costs.

    Returns:
        `confidence` and `accuracy`, means over all answers; `ece`, the expected calibration error
        (equation 3, with 15 bins), and `ece_by_chance`, below which it is for a perfectly
        calibrated network in 95 of 100 tests of as many answers (consistency resampling, Bröcker
        and Smith 2007); `bins`, those that have answers, each with its bounds `low` and `high`, the
        number of `answers`, their mean `confidence` and `accuracy`. The `temperature` that divides
        the logits for the lowest loss, and the `scaled_loss` and `scaled_ece` that this gives, each
        half of the images scaled by the temperature of the other half; None for fewer than 4.
    """
    right = (~task.wrong(logits, labels)).flatten().double()
    sure = _confidence(logits, task)
    bins = _bins(sure)
    found = {
        "confidence": sure.mean().item(),
        "accuracy": right.mean().item(),
        "ece": _ece(sure, right, bins),
        "ece_by_chance": _by_chance(sure, bins),
        "temperature": None,
        "scaled_loss": None,
        "scaled_ece": None,
        "bins": [
            {
                "low": number / BINS,
                "high": (number + 1) / BINS,
                "answers": int((bins == number).sum()),
                "confidence": sure[bins == number].mean().item(),
                "accuracy": right[bins == number].mean().item(),
            }
            for number in bins.unique().tolist()
        ],
    }
    if len(logits) < _FEWEST:
        return found
    scaled = _crossed(logits, labels, task)
    sure = _confidence(scaled, task)
    return found | {
        "temperature": _temperature(logits, labels, task),
        "scaled_loss": _loss(scaled, labels, task),
        "scaled_ece": _ece(sure, right, _bins(sure)),
    }


def _confidence(logits: Tensor, task: Labelling) -> Tensor:
    return task.confidence(logits).flatten().double().clamp(max=1.0)


def _loss(logits: Tensor, labels: Tensor, task: Labelling) -> float:
    return task.loss(labels)(logits, labels).double().mean().item()


def _bins(confidence: Tensor) -> Tensor:
    """The number of each answer's bin; a bin's upper bound belongs to it."""
    return ((confidence * BINS).ceil() - 1).clamp(0, BINS - 1).long()


def _ece(confidence: Tensor, right: Tensor, bins: Tensor) -> float:
    gaps = torch.zeros(BINS, dtype=torch.float64).index_add_(0, bins, right - confidence)
    return float(gaps.abs().sum() / len(bins))


def _by_chance(confidence: Tensor, bins: Tensor) -> float:
    generator = torch.Generator().manual_seed(0)
    draws = max(20, min(_DRAWS, _NUMBERS // len(bins)))
    errors = [
        _ece(confidence, torch.bernoulli(confidence, generator=generator), bins)
        for _ in range(draws)
    ]
    return float(torch.tensor(errors, dtype=torch.float64).quantile(0.95))


def _temperature(logits: Tensor, labels: Tensor, task: Labelling) -> float:
    """The temperature with the lowest loss."""
    found = minimize_scalar(
        lambda logarithm: _loss(logits / math.exp(logarithm), labels, task),
        bounds=(-_RANGE, _RANGE),
        method="bounded",
    )
    return math.exp(found.x)


def _crossed(logits: Tensor, labels: Tensor, task: Labelling) -> Tensor:
    """The logits, each half of the images divided by the other half's temperature."""
    scaled = logits.clone()
    # At random, as the order of images often has to do with their labels.
    order = torch.randperm(len(logits), generator=torch.Generator().manual_seed(0))
    halves = order.tensor_split(2)
    for half, other in (halves, halves[::-1]):
        scaled[half] /= _temperature(logits[other], labels[other], task)
    return scaled
