"""How a trained network scores on images that it never saw."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from dada.augment import Loader, Pipeline
from dada.models.child import Child, Loss
from dada.tasks import task_of

NOTHING_LEARNED = (
    "no augmentation: no network did better than guessing on the images that it was scored on; "
    "more epochs or images, or other labels, may help"
)
"""What there is to say where every loss is above its `guess`."""
_CHANCE = 18.4 / 2  # of `guess`
_TEMPERATURES = 2.0 ** torch.linspace(-3, 5, 33)


class Score(NamedTuple):
    """The result of a trial.

    Attributes:
        train_loss: mean of its last epoch.
        loss: mean on the held-out images, at the best temperature.
        accuracy: on the held-out images, in [0, 1].
    """

    train_loss: float
    loss: float
    accuracy: float


def score(child: Child, images: Loader, pipeline: Pipeline) -> tuple[float, float]:
    """The calibrated loss and the accuracy, in [0, 1], on images that are not augmented."""
    found = [(child.logits(pipeline.normalise(seen)), labels) for seen, labels in images.plain()]
    logits, labels = (torch.cat(parts) for parts in zip(*found, strict=True))
    accuracy = task_of(labels).accuracy(logits, labels)
    return calibrated(child.loss, logits, labels), accuracy.mean().item()


def guess(loss: Loss, known: Tensor, labels: Tensor, classes: int) -> float:
    """The loss below which a network has learnt something that holds for other images.

    Predicting the class shares alone gives their loss at the best temperature. Outputs that know
    no more may be a little lower by chance: n times the difference is at most half of a χ²
    variable with two degrees of freedom (Wilks 1938), one for the temperature of the outputs and
    one for that of the shares. It exceeds 18.4 once in 10,000 trials.

    Args:
        loss: (logits, labels) to one loss per image.
        known: labels that were trained on.
        labels: those of the n images that the network is scored on.
        classes: number of classes.
    """
    logits = task_of(known).prior(known, classes)
    return calibrated(loss, logits.float().expand(len(labels), -1), labels) - _CHANCE / len(labels)


def calibrated(loss: Loss, logits: Tensor, labels: Tensor) -> float:
    """The mean loss at the best temperature of the logits (Guo et al. 2017).

    Networks that memorise a small set are overconfident. Any disturbance reduces that, and would be
    rewarded for it although it helps to tell no more images apart.
    """
    return min(loss(logits / t, labels).mean().item() for t in _TEMPERATURES.tolist())
