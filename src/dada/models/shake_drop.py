"""Random scales of residual branches that differ between the value and its derivative.

Yamada, Iwamura, Akiba and Kise, *ShakeDrop Regularization for Deep Residual Learning*, 2018
(arXiv 1802.02375).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def uniform(x: Tensor) -> Tensor:
    """One float32 number in [0, 1) per image, (B, 1, …, 1), from the generator of x's device."""
    return torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device)


def scale(x: Tensor, value: Tensor, derivative: Tensor) -> Tensor:
    """The product x · value, differentiated with respect to x as if it were x · derivative.

    Reverse mode, forward mode and autocast all work, without an autograd function that would have
    to implement each. Both factors are constants and broadcast against x.
    """
    derivative = derivative.to(x.dtype)
    rest = (value - derivative).to(x.dtype)
    return torch.addcmul(x * derivative, x.detach(), rest)


class ShakeDrop(nn.Module):
    """Keeps a residual branch x or scales it at random: (b + α − bα)·x.

    In training b is 1 with probability ``keep``, else 0, and α is uniform in [−1, 1]; the
    derivative is that of (b + β − bβ)·x with β uniform in [0, 1]. In evaluation the scale is its
    mean, ``keep``. Every image has its own α and β. The batch shares one b, as in the published
    code, so that a layer is dropped for all images or none.

    Args:
        keep: probability of leaving the branch as it is, 0 to 1.
    """

    def __init__(self, keep: float) -> None:
        super().__init__()
        self.keep = keep

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, …) to the same shape."""
        if not self.training:
            return x * self.keep
        kept = torch.rand(1, device=x.device) < self.keep  # no branch on it, so a GPU need not wait
        alpha, beta = 2 * uniform(x) - 1, uniform(x)
        return scale(x, torch.where(kept, 1, alpha), torch.where(kept, 1, beta))
