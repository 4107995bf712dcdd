"""Layers whose output reaches the loss only through batch normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

AFFINE = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
_FELT = 0.01  # relative to single images' effects; rounding alone leaves about a millionth


def shiftless(model: nn.Module, images: Tensor) -> frozenset[str]:
    """Names of the convolutions and linear layers whose output can be shifted without any effect.

    If there are only sums between a layer and the next batch normalisation, adding a constant to a
    channel, for all images at all places, changes no logit: the gradients of that channel sum to
    zero over the batch, whatever the loss. The test uses a random linear loss.

    Args:
        model: switched to training mode; its buffers and the global generators stay unchanged.
        images: (B, …) inputs, B at least 2; sixteen are enough.

    Examples:
        >>> import torch
        >>> from torch import nn
        >>> followed, last = nn.Linear(3, 4), nn.Linear(4, 2)
        >>> model = nn.Sequential(followed, nn.BatchNorm1d(4), last)
        >>> shiftless(model, torch.randn(16, 3))
        frozenset({'0'})
    """
    if not any(isinstance(layer, _BatchNorm) for layer in model.modules()):
        return frozenset()
    felt: dict[str, Tensor] = {}

    def watch(name: str, layer: nn.Module, output: Tensor) -> None:
        # Tokens have their channels last, and no batch normalisation follows.
        of_tokens = isinstance(layer, nn.Linear) and output.ndim > 2

        def keep(gradient: Tensor) -> None:
            share = gradient.new_ones(()) if of_tokens else _share_felt(gradient)
            felt[name] = torch.maximum(share, felt.get(name, share))

        output.register_hook(keep)

    hooks = [
        layer.register_forward_hook(lambda layer, _, y, name=name: watch(name, layer, y))
        for name, layer in model.named_modules()
        if type(layer) in AFFINE
    ]
    devices = [images.device] if images.device.type == "cuda" else []
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    generator = torch.Generator().manual_seed(0)
    try:
        with torch.random.fork_rng(devices), torch.enable_grad():
            logits = functional_call(model.train(), buffers, (images,))
            weights = torch.randn(logits.shape, generator=generator).to(logits)
            torch.autograd.grad((logits * weights).sum(), list(model.parameters()))
    finally:
        for hook in hooks:
            hook.remove()
    return frozenset(name for name, share in felt.items() if share < _FELT)


def _share_felt(gradient: Tensor) -> Tensor:
    """Scalar: effect of a shift of an output (B, C, …), relative to single images' effects."""
    rows = gradient.flatten(2).sum(2) if gradient.ndim > 2 else gradient
    return rows.sum(0).norm() / rows.norm().clamp_min(1e-30)
