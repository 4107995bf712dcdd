"""One network under one fixed augmentation."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from dada.augment import Pipeline
from dada.datasets import ImageSet, even_batches
from dada.models.child import Child
from dada.models.device import best_precision
from dada.training.methods import Augment
from dada.training.settings import TrainSettings


def train(
    model: nn.Module,
    images: ImageSet,
    pipeline: Pipeline,
    augment: Augment,
    settings: TrainSettings,
    seed: int,
    device: torch.device,
    on_step: Callable[[], None] | None = None,
) -> Child:
    """Train a network in place by SGD with Nesterov momentum, warm-up and cosine.

    The order of the images does not depend on the augmentation, so trainings of one seed under
    different policies are paired.

    Args:
        images: the training set.
        pipeline: what surrounds the augmentation.
        augment: uint8 batch and CPU generator to uint8 batch.
        seed: of the order and of everything random in the pipeline.
        on_step: called after every step.

    Returns:
        The network, ready for `error_rate`.

    Raises:
        ArithmeticError: the loss is no longer a finite number.
    """
    images = images.to(device)
    child = Child(model, device, best_precision(device, settings.precision))
    optimiser = torch.optim.SGD(
        child.parameters.values(),
        settings.lr,
        settings.momentum,
        weight_decay=settings.weight_decay,
        nesterov=settings.momentum > 0,
    )
    order = torch.Generator().manual_seed(seed)
    randomness = torch.Generator().manual_seed(seed + 2**32)
    steps = len(even_batches(torch.arange(len(images)), settings.batch))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: warmup_cosine(step / steps, settings.warmup, settings.epochs)
    )
    for _ in range(settings.epochs):
        epoch = torch.randperm(len(images), generator=order)
        for rows in even_batches(epoch, settings.batch):
            batch = images.subset(rows)
            augmented = augment(pipeline.crop_and_flip(batch.images, randomness), randomness)
            mask = pipeline.cutout_mask(augmented, randomness)
            loss, gradient = child.gradient(pipeline.normalise(augmented) * mask, batch.labels)
            for name, parameter in child.parameters.items():
                parameter.grad = gradient[name]
            nn.utils.clip_grad_norm_(child.parameters.values(), settings.clip)
            optimiser.step()
            schedule.step()
            if on_step:
                on_step()
        weights = torch.stack([p.detach().abs().max() for p in child.parameters.values()])
        if not (loss.isfinite() and weights.isfinite().all()):
            raise ArithmeticError("the training loss is not a finite number")
    return child


def warmup_cosine(epoch: float, warmup: float, epochs: float) -> float:
    """Factor on the learning rate: linear from 0 to 1 over `warmup` epochs, then cosine to 0."""
    warmup = min(warmup, epochs / 4)
    if epoch < warmup:
        return epoch / warmup if epoch > 0 else 0.1 / max(warmup, 1)
    return (1 + math.cos(math.pi * (epoch - warmup) / max(epochs - warmup, 1e-9))) / 2


def error_rate(child: Child, test: ImageSet, pipeline: Pipeline) -> float:
    """Fraction of the test images that the network gets wrong."""
    test = test.to(child.device)
    right = sum(
        int(child.evaluate(pipeline.normalise(images), labels)[1])
        for images, labels in zip(test.images.split(512), test.labels.split(512), strict=True)
    )
    return 1 - right / len(test)
