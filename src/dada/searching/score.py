"""How a trained network scores on images that it never saw."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from dada.augment import Loader, Pipeline
from dada.models.child import Child, Loss
from dada.tasks import task_of

_CHANCE = 18.4 / 2  # of `guess`
_TEMPERATURES = 2.0 ** torch.linspace(-3, 5, 33)


class Score(NamedTuple):
    """What a trial came to: its last epoch's training loss, and on the other images the loss at
    the best temperature and the accuracy."""

    train_loss: float
    loss: float
    accuracy: float


def score(child: Child, images: Loader, pipeline: Pipeline) -> tuple[float, float]:
    """The calibrated loss and the accuracy on images that are not augmented."""
    found = [(child.logits(pipeline.normalise(seen)), labels) for seen, labels in images.plain()]
    logits, labels = (torch.cat(parts) for parts in zip(*found, strict=True))
    accuracy = task_of(labels).accuracy(logits, labels)
    return calibrated(child.loss, logits, labels), accuracy.mean().item()


def guess(loss: Loss, known: Tensor, labels: Tensor, classes: int) -> float:
    """The loss below which a network has learned something that holds for other images.

    Whoever knows nothing but how often each class occurs has the loss of these shares, at the best
    temperature. Outputs that know no more may take a little off that by chance: n times what they
    take is half of a χ² variable with two degrees of freedom at most (Wilks 1938), one for the
    outputs' temperature and one for the shares', which exceeds 18.4 once in 10,000 trials.

    Args:
        loss: of each image.
        known: labels that were trained on.
        labels: of the n images that judge.
        classes: how many there are.
    """
    logits = task_of(known).prior(known, classes)
    return calibrated(loss, logits.float().expand(len(labels), -1), labels) - _CHANCE / len(labels)


def calibrated(loss: Loss, logits: Tensor, labels: Tensor) -> float:
    """The mean loss at the temperature of the logits where it is lowest (Guo et al. 2017).

    Networks that memorise a small set are overconfident. Whatever disturbs them helps against that,
    and would be rewarded for it though no more images are told apart.
    """
    return min(loss(logits / t, labels).mean().item() for t in _TEMPERATURES.tolist())
