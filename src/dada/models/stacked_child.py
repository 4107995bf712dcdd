"""A stack of networks in training, each with its own loss and its own clipping."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dada.models.child import Child, Loss, Tensors


class StackedChild(Child):
    """N networks in one that train as each would alone.

    Its images are (B, N·C, H, W), its logits (B, N·classes), and a `gradient` has N losses; weights
    of different networks do not meet in any loss, so the gradient of their sum is each one's own.

    Args:
        model: `dada.models.stacked.stack` of the networks.
        device, precision, loss: as in `Child`; `loss` is that of one network.
        count: N.
    """

    def __init__(
        self,
        model: nn.Module,
        device: torch.device,
        precision: torch.dtype,
        loss: Loss,
        count: int,
    ) -> None:
        super().__init__(model, device, precision, loss)
        self.count = count

    def descend(
        self, optimiser: torch.optim.Optimizer, gradient: Tensors, clip: float = 0.0
    ) -> None:
        """One step of the optimiser with this gradient, `clipped_apart`."""
        super().descend(optimiser, clipped_apart(gradient, clip, self.count))

    def _each(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B, N)."""
        rows = logits.unflatten(1, (self.count, -1)).flatten(0, 1)
        losses = super()._each(rows, labels.repeat_interleave(self.count, 0))
        return losses.view(-1, self.count)


def clipped_apart(gradient: Tensors, largest: float, count: int) -> Tensors:
    """The gradient of a stack, each network's part scaled as by `dada.models.child.clipped`."""
    if not largest:
        return gradient
    norms = [g.reshape(count, -1).norm(dim=1) for g in gradient.values()]
    factor = (largest / (torch.stack(norms).norm(dim=0) + 1e-6)).clamp(max=1.0)
    return {
        name: g * factor.repeat_interleave(len(g) // count).view(-1, *[1] * (g.ndim - 1))
        for name, g in gradient.items()
    }
