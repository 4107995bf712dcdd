"""Rewards from the train gradient's own backward pass, for the price of a forward pass.

A layer y = f(x; w) that is linear in its weights has ⟨v, ∇w ℓ⟩ = ⟨∂ℓ/∂y, f(x; v)⟩: the layer
itself, called with v for its weights, against the gradient of its output. Input and output
gradient are at hand when the train gradient is taken, each image's in its own row, and the sum
over layers is the image's reward (ghost dot products: Goodfellow 2015, arXiv:1510.01799; Wang et
al. 2025, *Data Shapley in One Training Run*, arXiv:2406.11011).

Where batch normalisation follows, that sum over a batch is right but its parts are noisy. The
loss does not feel a shift of y that all images share, yet the mean of f(x; v) over the batch is
credited to an image as far as its own ∂ℓ/∂y points that way; over the batch this comes to nothing.
So it is taken out first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import batch_norm, linear
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from dada.bilevel.rewards import Tensors
from dada.bilevel.shiftless import AFFINE, shiftless

LINEAR_IN_WEIGHTS = (
    *AFFINE,
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm),
)

_ENOUGH = 32  # images for a mean; any constant leaves the sum over a batch as it is

Moved = Callable[[Tensors, Tensor], Tensor]
"""(v of a layer, its input x) → f(x; v)."""


class Trace:
    """What a backward pass leaves behind to take rewards from.

    Used as a context around one forward and backward pass of a batch's mean loss. Batch
    normalisation couples the images of a batch; an image's reward here is its own activations'
    share of ⟨v, ∇w Σ ℓ⟩, where `exact_rewards` takes the whole effect on its own loss. Their
    sums are equal, and without batch normalisation so are they.

    Args:
        model: every parameter of which belongs to a layer that is linear in it (`traceable`).
        images: (B, …) some inputs of it, to see where batch normalisation follows.
    """

    def __init__(self, model: nn.Module, images: Tensor) -> None:
        self.layers = {name: layer for name, layer in model.named_modules() if own(layer)}
        self.shiftless = shiftless(model, images)
        self._passes: list[tuple[str, Moved, Tensor, Tensor]] = []
        self._hooks: list[Any] = []

    def __enter__(self) -> Self:
        self._passes = []
        for name, layer in self.layers.items():
            self._hooks.append(layer.register_forward_hook(self._keeper(name)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def _keeper(self, name: str) -> Any:
        def keep(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            seen = inputs[0].detach().to(output.dtype)
            moved = self._moved(name, layer, seen, output)

            def with_gradient(gradient: Tensor) -> None:
                self._passes.append((name, moved, seen, gradient))

            output.register_hook(with_gradient)

        return keep

    def _moved(self, name: str, layer: nn.Module, seen: Tensor, output: Tensor) -> Moved:
        if isinstance(layer, _BatchNorm):
            return partial(_normalised, layer, *_statistics(layer, seen, output))
        return partial(_centred if name in self.shiftless else _plain, layer)

    @torch.no_grad()
    def rewards(self, direction: Tensors) -> Tensor:
        """(B,) float32 ρ along `direction`, once; what was kept is let go.

        Raises:
            RuntimeError: a layer's weights are used without the layer being called.
        """
        missed = set(self.layers) - {name for name, *_ in self._passes}
        if missed:
            raise RuntimeError(f"no backward pass through {', '.join(sorted(missed))}")
        total: Tensor | None = None
        while self._passes:
            name, moved, seen, gradient = self._passes.pop()
            tangent = {
                key: direction[f"{name}.{key}" if name else key]
                for key, _ in own(self.layers[name])
            }
            share = _row_products(gradient, moved(tangent, seen))
            total = share if total is None else total + share
        assert total is not None
        return total * len(total)  # the loss is the batch's mean


def traceable(model: nn.Module) -> bool:
    """Whether every parameter is trained, and belongs to one layer that is linear in it."""
    holders = [layer for layer in model.modules() if own(layer)]
    held = [p for layer in holders for _, p in own(layer)]
    return (
        # Exact types: what derives from them, a parametrised layer included, may do otherwise.
        all(type(layer) in LINEAR_IN_WEIGHTS for layer in holders)
        and not any(layer._forward_pre_hooks for layer in holders)
        and all(p.requires_grad for p in held)
        and len(set(held)) == len(held)
    )


def own(layer: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """A layer's own parameters by name."""
    return list(layer.named_parameters(recurse=False))


def _plain(layer: nn.Module, tangent: Tensors, seen: Tensor) -> Tensor:
    return functional_call(layer, {k: v.to(seen.dtype) for k, v in tangent.items()}, (seen,))


def _centred(layer: nn.Module, tangent: Tensors, seen: Tensor) -> Tensor:
    """f(x; v) less its mean over images and places, which serves as the bias.

    The layer is linear in x, so that the mean over images is what it makes of the mean image.
    """
    weight = tangent["weight"].to(seen.dtype)

    def call(x: Tensor, bias: Tensor | None) -> Tensor:
        if isinstance(layer, _ConvNd):
            return layer._conv_forward(x, weight, bias)
        return linear(x, weight, bias)

    mean = call(_mean_row(seen[:: max(1, len(seen) // _ENOUGH)]), None)
    return call(seen, -mean.mean([0, *range(2, mean.ndim)]))


def _normalised(
    layer: _BatchNorm, mean: Tensor, inverse: Tensor, tangent: Tensors, seen: Tensor
) -> Tensor:
    variance = inverse.pow(-2) - layer.eps
    weight, bias = tangent.get("weight"), tangent.get("bias")
    return batch_norm(seen, mean, variance, weight, bias, eps=layer.eps)


def _statistics(layer: _BatchNorm, seen: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
    """The batch's mean and inverse standard deviation, which the backward pass needs anyway."""
    node: Any = output.grad_fn
    if node.name() in ("NativeBatchNormBackward0", "CudnnBatchNormBackward0"):
        return node._saved_result1, node._saved_result2
    return torch.native_batch_norm(seen, None, None, None, None, True, 0.0, layer.eps)[1:]


def _mean_row(x: Tensor) -> Tensor:
    """(B, …) to (1, …)."""
    rows = x.movedim(1, -1)  # channels last: a matrix product reads them as they lie
    mean = rows.new_full((1, len(x)), 1 / len(x)) @ rows.flatten(1)
    return mean.view(1, *rows.shape[1:]).movedim(-1, 1)


def _row_products(a: Tensor, b: Tensor) -> Tensor:
    """(B, …) and (B, …) to (B,) inner products."""
    if a.ndim > 2:  # channels last, as images are kept: then rows are read as they lie
        a, b = a.movedim(1, -1), b.movedim(1, -1)
    return torch.einsum("bn,bn->b", a.flatten(1).to(b.dtype), b.flatten(1)).float()
