"""The learning rate, step by step."""

import math

from dada.training.settings import ResolvedTraining


def learning_rate(epoch: float, settings: ResolvedTraining) -> float:
    """Learning rate at a point of the training: a linear warm-up, then cosine to 0 or steps.

    The published code steps its cosine over all epochs from the end of the warm-up on, so that it
    breaks off just above 0; here it arrives.

    Args:
        epoch: epochs done, with their fraction.
    """
    s = settings
    warmup = min(s.warmup, s.epochs / 4)  # a short training is not all warm-up
    if epoch < warmup:
        rising = s.warmup_from + (1 - s.warmup_from) * epoch / warmup
        return s.lr * (rising or 0.1 / max(warmup, 1))  # the first step is not wasted
    if s.schedule == "steps":
        return s.lr / 10 ** sum(epoch >= milestone for milestone in s.milestones)
    return s.lr * (1 + math.cos(math.pi * (epoch - warmup) / max(s.epochs - warmup, 1e-9))) / 2
