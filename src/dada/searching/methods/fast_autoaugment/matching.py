"""Density matching: how well a network that knows no policy recognises what a policy makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from dada.augment import MemoryLoader, Pipeline, Sampler, apply
from dada.augment.loader import test_batch
from dada.datasets import ImageSet
from dada.models.child import Child
from dada.policy import Policy
from dada.tasks import task_of


class Match(NamedTuple):
    """How well augmented images were recognised.

    Attributes:
        loss: mean over the images of the least loss under any view.
        accuracy: mean of the highest accuracy under any view, in [0, 1].
    """

    loss: float
    accuracy: float


def match(
    child: Child,
    images: ImageSet,
    pipeline: Pipeline,
    views: Sequence[Policy],
    generator: torch.Generator,
) -> Match:
    """Show the network each image under several views, and count its best answer.

    A view is what a training would see: crop and flip, the view's policy, and what follows it.

    Args:
        child: trained without a policy; it does not learn.
        images: at least one, which it never saw.
        pipeline: what surrounds the policy.
        views: the policy of each.
        generator: a CPU generator, for everything random.
    """
    loader = MemoryLoader(images, pipeline, child.device)
    together = max(1, test_batch(*images.images.shape[1:]) // len(views))
    samplers = [Sampler(policy) for policy in views]
    losses, accuracies = [], []
    for rows in torch.arange(len(images)).split(together):
        # A crop of its own for each view, as from the published code's loaders.
        loaded = list(loader.batches([rows] * len(views), 0, generator))
        augmented = [
            apply(seen, sampler(len(seen), generator))
            for (seen, _), sampler in zip(loaded, samplers, strict=True)
        ]
        labels = torch.cat([labels for _, labels in loaded])
        logits = child.logits(pipeline.finish(torch.cat(augmented), generator))
        losses.append(child.loss(logits, labels).view(len(views), -1).amin(0))
        right = task_of(labels).accuracy(logits, labels)
        accuracies.append(right.view(len(views), -1).amax(0))
    return Match(torch.cat(losses).mean().item(), torch.cat(accuracies).mean().item())
