"""A network under training: its weights as a dictionary, losses and gradients."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from dada.errors import UserError
from dada.models.batch_norm import batch_statistics, elementary, forward_mode, fused

Tensors = dict[str, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]
"""(logits float32 (B, classes), labels (B, …)) → (B,): the loss of each image."""


class Gradient(NamedTuple):
    """A mean loss (scalar), its gradient in the weights, and the logits (B, classes), detached."""

    loss: Tensor
    weights: Tensors
    logits: Tensor


class Child:
    """A network whose losses can be taken at any weights.

    Args:
        model: any module from normalised images (B, C, H, W) to logits (B, classes); moved to
            `device` in place.
        device: where it runs.
        precision: of convolutions and matrix products; weights stay float32.
        loss: of each image, from its logits.
    """

    def __init__(
        self,
        model: nn.Module,
        device: torch.device,
        precision: torch.dtype,
        loss: Loss,
    ) -> None:
        self.model = model.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.device = device
        self.precision = precision
        self.loss = loss
        self.parameters: dict[str, Tensor] = {
            name: p for name, p in model.named_parameters() if p.requires_grad
        }

    def autocast(self) -> AbstractContextManager[None]:
        """A context in which layers compute in the child's precision."""
        return torch.autocast(self.device.type, self.precision, self.precision != torch.float32)

    def losses(
        self, weights: Tensors, images: Tensor, labels: Tensor, reverse: bool = True
    ) -> Tensor:
        """(B,) float32 losses at `weights`, in training mode, writing to no buffer.

        Everything is cast, normalisation included. Rewards in bfloat16 correlate at 0.9999 with
        those in float32 (docs/results.md).

        Args:
            reverse: they are to be differentiated in reverse mode too, which forbids a faster
                forward mode.
        """
        if self.precision != torch.float32:
            weights = {name: weight.to(self.precision) for name, weight in weights.items()}
            images = images.to(self.precision)
        self.model.train()
        normalise = elementary if reverse else forward_mode
        # PyTorch's fused attention has no forward mode.
        with sdpa_kernel(SDPBackend.MATH), batch_statistics(self.model, normalise):
            logits = functional_call(self.model, weights, (_channels_last(images),))
        return self._each(logits.float(), labels)

    def gradient(self, images: Tensor, labels: Tensor, weights: Tensors | None = None) -> Gradient:
        """Mean loss and its gradient at the network's own weights, or at `weights`.

        At its own weights the network's batch statistics are updated; elsewhere they are not,
        so that they are touched once a step.
        """
        self.model.train()
        with self.autocast():
            at = self.parameters
            if weights is None:
                logits = self.model(_channels_last(images))
            else:
                at = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
                with batch_statistics(self.model, fused):
                    logits = functional_call(self.model, at, (_channels_last(images),))
        logits = logits.float()
        loss = self._each(logits, labels).mean()
        gradients = torch.autograd.grad(loss, list(at.values()))
        return Gradient(loss.detach(), dict(zip(at, gradients, strict=True)), logits.detach())

    def descend(
        self, optimiser: torch.optim.Optimizer, gradient: Tensors, clip: float = 0.0
    ) -> None:
        """A step of the optimiser by this gradient, `clipped`."""
        gradient = clipped(gradient, clip)
        for name, parameter in self.parameters.items():
            parameter.grad = gradient[name]
        optimiser.step()

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """(B, classes) float32, in evaluation mode."""
        self.model.eval()
        with self.autocast():
            return self.model(_channels_last(images)).float()

    def _each(self, logits: Tensor, labels: Tensor) -> Tensor:
        losses = self.loss(logits, labels)
        if losses.shape != labels.shape[:1]:
            raise UserError(
                f"the loss gave {tuple(losses.shape)} for {len(labels)} images: it must give one "
                "number per image (reduction='none')"
            )
        return losses


def clipped(gradient: Tensors, largest: float) -> Tensors:
    """The gradient, its norm over all weights at most `largest`; 0 leaves it as it is."""
    if not largest:
        return gradient
    norm = nn.utils.get_total_norm(list(gradient.values()))
    factor = (largest / (norm + 1e-6)).clamp(max=1.0)  # as `clip_grad_norm_` has it
    return {name: g * factor for name, g in gradient.items()}


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
