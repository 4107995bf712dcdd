"""How a trained network scores on images that it never saw."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from dada.augment import Loader, Pipeline
from dada.errors import DivergedError
from dada.models.child import Child, Loss, Outputs, per_image
from dada.tasks import task_of

NOTHING_LEARNED = (
    "no augmentation: no network did better than guessing on the images that it was scored on; "
    "more epochs or images, or other labels, may help"
)
"""What there is to say where every loss is above its `guess`."""
_CHANCE = 18.4 / 2  # of `guess`
_BATCH = 256  # images whose prior is judged at once: a prior may have a number per pixel


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


def mean_score(scores: Sequence[Score], where: str) -> Score:
    """The mean of each number.

    Args:
        where: of the error: ``round 3``.

    Raises:
        DivergedError: one is not finite.
    """
    means = Score(*(sum(column) / len(scores) for column in zip(*scores, strict=True)))
    if not all(map(math.isfinite, means)):
        raise DivergedError(f"the loss is not a finite number in {where}")
    return means


def score(child: Child, images: Loader, pipeline: Pipeline) -> tuple[float, float]:
    """The calibrated loss and the accuracy, in [0, 1], on images that are not augmented."""
    task, right = task_of(images.labels), []

    def batches() -> Iterator[tuple[Outputs, Tensor]]:
        for seen, labels in images.plain():
            outputs = child.logits(pipeline.normalise(seen))
            right.append(task.accuracy(outputs, labels))
            yield outputs, labels

    loss = calibrated(child.loss, batches())
    return loss, torch.cat(right).mean().item()


def guess(loss: Loss, known: Tensor, labels: Tensor, classes: int) -> float:
    """The loss below which a network has learnt something that holds for other images.

    Predicting the class shares alone gives their loss at the best temperature. Outputs that know
    no more may be a little lower by chance: n times the difference is at most half of a χ²
    variable with two degrees of freedom (Wilks 1938), one for the temperature of the outputs and
    one for that of the shares. It exceeds 18.4 once in 10,000 trials. Where there is no answer
    without a network, any loss is below: infinity.

    Args:
        loss: (outputs, labels) to one loss per image.
        known: labels that were trained on.
        labels: those of the n images that the network is scored on.
        classes: number of classes.
    """
    parts = labels.split(_BATCH)
    priors = [task_of(known).prior(known, classes, len(part)) for part in parts]
    if any(prior is None for prior in priors):
        return math.inf
    return calibrated(loss, zip(priors, parts, strict=True)) - _CHANCE / len(labels)


def calibrated(loss: Loss, batches: Iterable[tuple[Outputs, Tensor]]) -> float:
    """The mean loss at the best temperature of the outputs (Guo et al. 2017).

    Networks that memorise a small set are overconfident. Any disturbance reduces that, and would be
    rewarded for it although it helps to tell no more images apart.

    Args:
        batches: outputs and labels; those of a batch are needed no longer than it takes.

    Raises:
        UserError: the loss does not give one number per image.
    """
    losses: dict[float, list[Tensor]] = defaultdict(list)
    for outputs, labels in batches:
        task = task_of(labels)
        for temperature in task.temperatures:
            tempered = task.tempered(outputs, temperature)
            losses[temperature].append(per_image(loss, tempered, labels))
    return min(torch.cat(parts).mean().item() for parts in losses.values())
