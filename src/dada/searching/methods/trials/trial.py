"""A trial: a small network trained to the end under one policy, judged on images it never saw."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dada.augment import Pipeline, Sampler, apply
from dada.augment.loader import test_batch
from dada.compute.parallel import Tick
from dada.compute.randomness import forked
from dada.datasets import ImageSet, even_batches
from dada.models.child import Child, Loss
from dada.policy import Policy
from dada.searching.settings import Settings
from dada.tasks import task_of

_TOGETHER = 8  # batches that are augmented at once: few large kernels, not many small ones
_PIXELS = 2**21  # of these, at most, unless one batch has more
_CHANCE = 18.4 / 2  # of `guess`
_TEMPERATURES = 2.0 ** torch.linspace(-3, 5, 33)


class Verdict(NamedTuple):
    """What a trial came to: its last epoch's training loss, and on the other images the loss at
    the best temperature and the share that is right."""

    train_loss: float
    loss: float
    accuracy: float


@dataclass(frozen=True)
class Trial:
    """How every trial of a search is made, so that they differ in nothing but the policy.

    Attributes:
        settings: complete; epochs, batch and the like are each training's.
        network: makes one, by PyTorch's global generator.
        pipeline: what surrounds the policy.
        device, precision: where and how the network runs.
        loss: of each image.
    """

    settings: Settings
    network: Callable[[], nn.Module]
    pipeline: Pipeline
    device: torch.device
    precision: torch.dtype
    loss: Loss

    def __call__(
        self,
        train: ImageSet,
        valid: ImageSet,
        policy: Policy,
        seed: int,
        on_epoch: Tick = lambda: None,
    ) -> Verdict:
        """Train on some images, judge by others.

        Args:
            train, valid: on the device.
            seed: of everything random. Trials of one seed begin with the same weights and see
                the same images in the same order, so that their differences are the policies'.
            on_epoch: called after each epoch.
        """
        s = self.settings
        with forked(self.device):
            torch.manual_seed(seed)
            child = Child(self.network(), self.device, self.precision, self.loss)
            optimiser = torch.optim.SGD(
                child.parameters.values(),
                s.lr,
                s.momentum,
                weight_decay=s.weight_decay,
                nesterov=s.momentum > 0,
            )
            generator = torch.Generator().manual_seed(seed)
            sampler = Sampler(policy)
            loss = torch.zeros(())
            for epoch in range(s.epochs):
                loss = self._epoch(epoch, child, optimiser, train, sampler, generator)
                on_epoch()
        return Verdict(loss.item(), *self._judged(child, valid))

    def _epoch(
        self,
        epoch: int,
        child: Child,
        optimiser: torch.optim.SGD,
        train: ImageSet,
        sampler: Sampler,
        generator: torch.Generator,
    ) -> Tensor:
        """Once through the images; the mean loss. The learning rate falls as a cosine, to 0."""
        s, losses = self.settings, []
        batches = even_batches(torch.randperm(len(train), generator=generator), s.batch)
        pixels = s.batch * math.prod(train.images.shape[2:])
        count = max(1, min(_TOGETHER, _PIXELS // pixels))
        for start in range(0, len(batches), count):
            together = batches[start : start + count]
            seen = self._augmented(train.images[torch.cat(together)], sampler, generator)
            for number, (rows, images) in enumerate(
                zip(together, seen.split([len(rows) for rows in together]), strict=True), start
            ):
                progress = (epoch + number / len(batches)) / s.epochs
                for group in optimiser.param_groups:
                    group["lr"] = s.lr * (1 + math.cos(math.pi * progress)) / 2
                found = child.gradient(images, train.labels[rows])
                child.descend(optimiser, found.weights, s.clip)
                losses.append(found.loss)
        return torch.stack(losses).mean()

    def _augmented(self, images: Tensor, sampler: Sampler, generator: torch.Generator) -> Tensor:
        images = self.pipeline.before_policy(images, generator)
        images = apply(images, sampler(len(images), generator))
        return self.pipeline.finish(images, generator)

    def _judged(self, child: Child, valid: ImageSet) -> tuple[float, float]:
        parts = valid.images.split(test_batch(*valid.images.shape[1:]))
        logits = torch.cat([child.logits(self.pipeline.normalise(part)) for part in parts])
        accuracy = valid.task.accuracy(logits, valid.labels).mean().item()
        return calibrated(self.loss, logits, valid.labels), accuracy


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

    Networks that learn few images by heart are too sure of themselves. Whatever disturbs them
    helps against that, and would be rewarded for it though no more images are told apart.
    """
    return min(loss(logits / t, labels).mean().item() for t in _TEMPERATURES.tolist())
