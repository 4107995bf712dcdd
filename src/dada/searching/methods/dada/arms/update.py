"""The natural gradient step of the policy distribution, from what the critic learnt of the arms."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def natural_step(
    theta: Tensor, strong: Tensor, effects: Tensor, contrasts: Tensor, kl_weight: float, lr: float
) -> tuple[Tensor, Tensor]:
    """One step of natural gradient ascent on E[critic] − c · KL(d ‖ uniform).

    The critic is r = Σᵢ sᵢ (wᵢ + vᵢ hᵢ): sᵢ is how often a sub-policy holds operation i, and hᵢ is
    1 where its magnitude is in the strong half of its range and −1 in the weak half. Its
    expectation is a sum, and both distributions are exponential families, whose natural gradient is
    the gradient in their mean parameters (Amari 1998): for the logit of the strong half
    2 vᵢ − c · logit, for the selection what an operation is worth at its magnitudes, less c · θᵢ.

    A step of 1 from anywhere is the maximum itself; from uniform, θᵢ = (wᵢ + c log cosh(vᵢ/c)) / c.

    Args:
        theta: (N,) the selection: a sub-policy's logit is the sum of its operations'.
        strong: (N,) logits of the chance of the strong half.
        effects, contrasts: (N,) w and v, in one unit.
        kl_weight: c, above 0.
        lr: η, in (0, 1].

    Returns:
        `theta` and `strong` after the step.

    Examples:
        >>> import torch
        >>> zero, w, v = torch.zeros(2), torch.tensor([1.0, 0.0]), torch.tensor([0.0, -1.0])
        >>> theta, strong = natural_step(zero, zero, w, v, kl_weight=0.5, lr=1.0)
        >>> theta, strong.sigmoid()
        (tensor([2.0000, 1.3250]), tensor([0.5000, 0.0180]))
    """
    strong = strong + lr * (2 * contrasts / kl_weight - strong)
    chance = strong.sigmoid()
    divergence = chance * logsigmoid(strong) + (1 - chance) * logsigmoid(-strong)
    divergence = divergence + torch.tensor(2.0, dtype=strong.dtype).log()
    value = effects + contrasts * (2 * chance - 1) - kl_weight * divergence
    return theta + lr * (value / kl_weight - theta), strong
