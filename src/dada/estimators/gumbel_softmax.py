"""Gumbel-Softmax, straight-through (Jang et al. 2017; Maddison et al. 2017; DADA, section 3.2)."""

from __future__ import annotations

from torch import Tensor


def gumbel_softmax(soft: Tensor, derivative: Tensor) -> Tensor:
    """The derivative of f at the discrete draw, times that of its relaxation, as a surrogate.

    ∇E[f(b)] is estimated by f'(b) ∂soft/∂θ. The estimate is biased at every temperature and has low
    variance. It needs the derivative of f, where the other estimators need only its value.

    Args:
        soft: (…, S) relaxed sample: softmax(z / temperature) of a categorical or
            sigmoid(z / temperature) of Bernoullis, carrying the graph to the parameters.
        derivative: (…, S) ∂f/∂b at the discrete draw.

    Returns:
        (…) surrogate; its gradient with respect to the parameters is the estimate.

    Examples:
        For one fair bit and f(b) = b², the gradient of E[f] is 1/4. Averaged over all noise, on a
        grid, the estimate is biased:

        >>> import torch
        >>> from dada.estimators import bernoulli
        >>> theta, noise = torch.zeros((), requires_grad=True), (torch.arange(1000) + 0.5) / 1000
        >>> z = bernoulli(theta, noise)
        >>> soft, bits = (z / 0.5).sigmoid(), (z > 0).float()
        >>> gumbel_softmax(soft[:, None], 2 * bits[:, None]).mean().backward()
        >>> round(theta.grad.item(), 3)
        0.215
    """
    return (soft * derivative.detach()).sum(-1)
