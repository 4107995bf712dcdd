"""A network in training: its weights as a dictionary, its losses and gradients."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from dada.errors import UserError
from dada.models.batch_norm import batch_statistics, elementary, forward_mode, fused

Tensors = dict[str, Tensor]
Outputs = Any
"""What a network gives for B images: float32 logits (B, …), or `dada.models.detected.Detected`."""
Loss = Callable[[Outputs, Tensor], Tensor]
"""(outputs, labels (B, …)) → (B,), one loss per image."""


class Gradient(NamedTuple):
    """A mean loss and its gradient.

    Attributes:
        loss: scalar, detached; of a stack of networks one loss for each.
        weights: the gradient with respect to each weight.
        logits: the outputs, such as float32 (B, classes), detached.
    """

    loss: Tensor
    weights: Tensors
    logits: Outputs


class Child:
    """A network whose losses can be evaluated at any weights.

    Args:
        model: any module from normalised images (B, C, H, W) to `Outputs`, such as logits
            (B, classes); moved to `device` in place.
        device: where it runs.
        precision: of convolutions and matrix products; weights stay float32.
        loss: (outputs, labels) to one loss per image.
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
        """(B,) float32 losses at `weights`, in training mode, without changing buffers.

        Everything is cast to the precision, normalisation included. Rewards in bfloat16 correlate
        at 0.9999 with those in float32 (docs/results.md).

        Args:
            weights: by parameter name.
            images: normalised (B, C, H, W).
            labels: (B, …).
            reverse: whether they must also be differentiable in reverse mode, which rules out a
                faster forward mode.

        Raises:
            UserError: the loss does not give one number per image.
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
        """The mean loss and its gradient at the network's own weights, or at `weights`.

        Running statistics are updated at the network's own weights only, so once per step.

        Args:
            images: normalised (B, C, H, W).
            labels: (B, …).

        Raises:
            UserError: the loss does not give one number per image.
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
        loss = self._each(logits, labels).mean(0)
        gradients = torch.autograd.grad(loss.sum(), list(at.values()))
        return Gradient(loss.detach(), dict(zip(at, gradients, strict=True)), logits.detach())

    def descend(
        self, optimiser: torch.optim.Optimizer, gradient: Tensors, clip: float = 0.0
    ) -> None:
        """One step of the optimiser with this gradient, `clipped`."""
        gradient = clipped(gradient, clip)
        for name, parameter in self.parameters.items():
            parameter.grad = gradient[name]
        optimiser.step()

    @torch.no_grad()
    def logits(self, images: Tensor) -> Outputs:
        """The outputs, such as (B, classes) float32, in evaluation mode."""
        self.model.eval()
        with self.autocast():
            return self.model(_channels_last(images)).float()

    def _each(self, logits: Outputs, labels: Tensor) -> Tensor:
        return per_image(self.loss, logits, labels)


def per_image(loss: Loss, logits: Outputs, labels: Tensor) -> Tensor:
    """(B,) losses.

    Raises:
        UserError: the loss does not give one number per image.
    """
    losses = loss(logits, labels)
    shape = losses.shape if isinstance(losses, Tensor) else None
    if shape != labels.shape[:1]:
        gave = f"a {type(losses).__name__}" if shape is None else tuple(shape)
        raise UserError(
            f"the loss gave {gave} for {len(labels)} images: it must give one number per image "
            "(reduction='none')"
        )
    return losses


def clipped(gradient: Tensors, largest: float) -> Tensors:
    """The gradient, scaled so that its norm over all weights is at most `largest`; 0: unchanged."""
    if not largest:
        return gradient
    norm = nn.utils.get_total_norm(list(gradient.values()))
    factor = (largest / (norm + 1e-6)).clamp(max=1.0)  # as in `clip_grad_norm_`
    return {name: g * factor for name, g in gradient.items()}


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)
