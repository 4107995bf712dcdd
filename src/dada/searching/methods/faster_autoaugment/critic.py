"""The critic: a network with a second output, which tells original from augmented images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel


class Critic(nn.Module):
    """A classifier and a score per image, of the same features (Faster AutoAugment, figure 1).

    The score is that of two layers on the features that enter the network's last linear layer. A
    network without such a layer is judged by its logits.

    Args:
        network: from normalised images (B, C, H, W) to logits (B, classes). What is frozen in it
            stays frozen.
        classes: number of logits.

    Attributes:
        trainable: the parameters that learn.
    """

    def __init__(self, network: nn.Module, classes: int) -> None:
        super().__init__()
        self.network = network
        last = [m for m in network.modules() if isinstance(m, nn.Linear)][-1:]
        self._features: Tensor | None = None
        size = classes
        if last and last[0].out_features == classes:
            size = last[0].in_features
            last[0].register_forward_pre_hook(self._remember)
        self.score = nn.Sequential(nn.Linear(size, size), nn.ReLU(), nn.Linear(size, 1))
        self.trainable = [p for p in self.parameters() if p.requires_grad]

    def learns(self, learns: bool) -> None:
        """Whether derivatives are computed in the parameters."""
        for parameter in self.trainable:
            parameter.requires_grad_(learns)

    def _remember(self, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._features = inputs[0]

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised images (B, C, H, W) to logits (B, classes) and scores (B,)."""
        with sdpa_kernel(SDPBackend.MATH):  # fused attention has no second derivatives
            logits = self.network(images)
        features, self._features = self._features, None
        score = self.score(logits if features is None else features)
        return logits, score.squeeze(-1)


def gradient_penalty(
    score: Callable[[Tensor], Tensor], first: Tensor, second: Tensor, share: Tensor
) -> Tensor:
    """How far the critic's slope is from 1 between two sets of images (Gulrajani et al. 2017).

    The mean of (‖∇D(x)‖ − 1)² at points x between image i of either set, with the norm over all
    pixels of an image. (The published code takes it over the channels of each pixel instead, which
    asks for a slope of 1 at every pixel.)

    Args:
        score: images (B, …) to scores (B,).
        first, second: images (B, …).
        share: (B,) in [0, 1], of the first in the points.

    Returns:
        A scalar, differentiable in the critic's weights.

    Examples:
        >>> import torch
        >>> images = torch.zeros(2, 1, 1, 2)
        >>> def score(x):  # its slope is 5 everywhere
        ...     return 3 * x[:, 0, 0, 0] + 4 * x[:, 0, 0, 1]
        >>> gradient_penalty(score, images, images + 1, torch.rand(2)).item()
        16.0
    """
    share = share.view(-1, *[1] * (first.ndim - 1))
    points = (share * first + (1 - share) * second).detach().requires_grad_()
    (slope,) = torch.autograd.grad(score(points).sum(), points, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()
