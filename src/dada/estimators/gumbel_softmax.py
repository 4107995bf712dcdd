"""Gumbel-Softmax, straight-through (Jang et al. 2017; Maddison et al. 2017; DADA, section 3.2)."""

from __future__ import annotations

from torch import Tensor


def gumbel_softmax(soft: Tensor, derivative: Tensor) -> Tensor:
    """The discrete draw goes forward, the derivative of its relaxation backward.

    E over b of ∇f(b) is estimated by f'(b) ∂soft/∂θ. Biased for every temperature, of low
    variance; f must have a derivative in its argument where the others need only its value.

    Args:
        soft: (…, S) relaxed sample: softmax(z / temperature) of a categorical or
            sigmoid(z / temperature) of Bernoullis, carrying the graph to the parameters.
        derivative: (…, S) ∂f/∂b at the discrete draw.

    Returns:
        (…) surrogate; its gradient with respect to the parameters is the estimate.

    Example:
        >>> import torch
        >>> from dada.estimators import bernoulli
        >>> logits = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        >>> soft = (bernoulli(logits, torch.tensor([0.7], dtype=torch.float64)) / 0.5).sigmoid()
        >>> gumbel_softmax(soft, torch.tensor([1.0])).backward()
        >>> round(logits.grad.item(), 3)
        0.262
    """
    return (soft * derivative.detach()).sum(-1)
