"""The optimisers of networks, and the cosine that their learning rate follows."""

from __future__ import annotations

import math

import torch

from dada.models.child import Child
from dada.training.network import ResolvedNetwork


def sgd(child: Child, settings: ResolvedNetwork, *, nesterov: bool = False) -> torch.optim.SGD:
    """SGD of a network's weights, one group of them.

    Args:
        settings: with `lr`, `momentum` and `weight_decay`.
        nesterov: Nesterov's momentum, where there is any momentum.
    """
    return torch.optim.SGD(
        child.parameters.values(),
        settings.lr,
        settings.momentum,
        weight_decay=settings.weight_decay,
        nesterov=nesterov and settings.momentum > 0,
    )


def adamw(child: Child, settings: ResolvedNetwork) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019), which decays matrices and kernels alone: not biases, and
    not what scales a normalised channel.

    Args:
        settings: with `lr` and `weight_decay`.
    """
    weights, decay = child.parameters.values(), settings.weight_decay
    groups = [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": decay},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], settings.lr)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def cosine(progress: float, highest: float, lowest: float = 0.0) -> float:
    """From the highest rate to the lowest along half a cosine (Loshchilov & Hutter 2017).

    Args:
        progress: share of the way, 0 to 1.

    Examples:
        >>> [round(cosine(progress, 0.1), 3) for progress in (0, 0.5, 1)]
        [0.1, 0.05, 0.0]
    """
    return lowest + (highest - lowest) * (1 + math.cos(math.pi * progress)) / 2
