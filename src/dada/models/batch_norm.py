"""Batch normalisation by the batch's statistics, in three ways that give the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm

Normalise = Callable[[_BatchNorm, Tensor], Tensor]


class _Kept:
    """A layer that stays in evaluation mode."""

    def train(self, mode: bool = True) -> Any:
        return super().train(False)  # type: ignore[misc]


def keep_statistics(model: nn.Module) -> None:
    """Let batch normalisation use the statistics that it has now, and never update them.

    Its scale and shift are still trained. In place.

    Examples:
        >>> import torch
        >>> network = torch.nn.Sequential(torch.nn.BatchNorm2d(1, eps=0.0))
        >>> keep_statistics(network)
        >>> network.train()(torch.full((2, 1, 1, 1), 5.0)).flatten().tolist()
        [5.0, 5.0]
    """
    for layer in model.modules():
        if isinstance(layer, _BatchNorm) and not isinstance(layer, _Kept):
            kind = type(layer)
            layer.__class__ = type(kind.__name__, (_Kept, kind), {})
            layer.train(False)


@contextmanager
def batch_statistics(model: nn.Module, normalise: Normalise) -> Iterator[None]:
    """A context in which `normalise` does batch normalisation, leaving running statistics alone."""
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm) and not isinstance(m, _Kept)]
    for layer in layers:
        layer.forward = partial(_forward, normalise, layer)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _forward(normalise: Normalise, layer: Any, x: Tensor) -> Tensor:
    y = normalise(layer, x)
    # timm has layers that combine a normalisation, dropout and an activation.
    return layer.act(layer.drop(y)) if hasattr(layer, "act") else y


def fused(layer: _BatchNorm, x: Tensor) -> Tensor:
    """PyTorch's kernel: fastest for reverse mode."""
    return batch_norm(x, None, None, layer.weight, layer.bias, True, 0.0, layer.eps)


def elementary(layer: _BatchNorm, x: Tensor) -> Tensor:
    """The same in elementary operations, for forward and reverse mode.

    PyTorch's forward rule for batch normalisation is a TorchScript decomposition. It fails under
    autocast and was a tenth slower for a WRN-40-2 in bfloat16 (PyTorch 2.15, on a CPU).
    """
    dims = [0, *range(2, x.ndim)]
    shape = [1, -1] + [1] * (x.ndim - 2)
    centred = x - x.mean(dims, keepdim=True)
    scale = torch.rsqrt(centred.square().mean(dims, keepdim=True) + layer.eps)
    if layer.affine:
        scale = scale * layer.weight.view(shape)
        return centred * scale + layer.bias.view(shape)
    return centred * scale


def forward_mode(layer: _BatchNorm, x: Tensor) -> Tensor:
    """PyTorch's kernels, for forward mode; reverse mode is not available then."""
    if not layer.affine:
        return elementary(layer, x)
    y, _, _ = _ForwardMode.apply(x, layer.weight, layer.bias, layer.eps)
    return y


class _ForwardMode(torch.autograd.Function):
    """y = γx̂ + β with x̂ = σ⁻¹(x − μ), whose tangent is γσ⁻¹(ẋ − mean ẋ − x̂ mean(x̂ẋ)) + γ̇x̂ + β̇.

    The matrix that maps ẋ is symmetric, so PyTorch's kernel for reverse mode, which applies it to a
    gradient, also gives the tangent.
    """

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, ...]:
        # With weights in bfloat16 the statistics would be rounded to it as well.
        weight, bias = _wide(x, weight), _wide(x, bias)
        return torch.native_batch_norm(x, weight, bias, None, None, True, 0.0, eps)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        _, mean, inverse = output
        ctx.mark_non_differentiable(mean, inverse)
        ctx.save_for_forward(*inputs[:2], mean, inverse)
        ctx.eps = inputs[3]

    @staticmethod
    def jvp(ctx: Any, dx: Tensor, dweight: Tensor, dbias: Tensor, _: None) -> tuple[Any, ...]:
        x, weight, mean, inverse = ctx.saved_tensors
        through, _, _ = torch.ops.aten.native_batch_norm_backward(
            dx, x, _wide(x, weight), None, None, mean, inverse, True, ctx.eps, [True] * 3
        )
        scale = inverse * _wide(x, dweight)
        shift = _wide(x, dbias) - scale * mean
        shape = [1, -1] + [1] * (x.ndim - 2)
        scale, shift = (number.to(x.dtype).view(shape) for number in (scale, shift))
        return through.add_(torch.addcmul(shift, x, scale)), None, None


def _wide(x: Tensor, weight: Tensor) -> Tensor:
    """The weight in at least float32: sums over images need the bits."""
    return weight.to(torch.promote_types(x.dtype, torch.float32))
