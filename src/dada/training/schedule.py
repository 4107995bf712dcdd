"""The learning rate at each step."""

from dada.training.optimiser import cosine
from dada.training.settings import ResolvedTraining


def learning_rate(epoch: float, settings: ResolvedTraining) -> float:
    """The learning rate at a point of the training: a linear warm-up, then a cosine to 0, or steps.

    The published code starts its cosine over all epochs after the warm-up, so that it ends just
    above 0; here it reaches 0.

    Args:
        epoch: epochs done, fractions included.
    """
    s = settings
    warmup = min(s.warmup, s.epochs / 4)  # not most of a short training
    if epoch < warmup:
        rising = s.warmup_from + (1 - s.warmup_from) * epoch / warmup
        return s.lr * (rising or 0.1 / max(warmup, 1))  # the first step is not wasted
    if s.schedule == "steps":
        return s.lr / 10 ** sum(epoch >= milestone for milestone in s.milestones)
    return cosine((epoch - warmup) / max(s.epochs - warmup, 1e-9), s.lr)
