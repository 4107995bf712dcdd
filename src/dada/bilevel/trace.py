"""Rewards from the training gradient's own backward pass, at the cost of a forward pass.

A layer y = f(x; w) that is linear in its weights has ⟨v, ∇w ℓ⟩ = ⟨∂ℓ/∂y, f(x; v)⟩: call the layer
with v as its weights and take the inner product with the gradient of its output. The input and the
output's gradient are both available while the training gradient is computed, one row per image, and
the sum over layers is the image's reward (ghost dot products: Goodfellow 2015, arXiv:1510.01799;
Wang et al. 2025, *Data Shapley in One Training Run*, arXiv:2406.11011).

Where batch normalisation follows, the sum over a batch is right but its terms are noisy. A shift
of y that all images share has no effect on the loss. Yet an image is credited with the mean of
f(x; v) over the batch, in proportion to the component of its own ∂ℓ/∂y along that mean; over the
batch these credits cancel. So the mean is subtracted first.
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

_ENOUGH = 32  # images for a mean; subtracting any constant leaves the sum over a batch unchanged

Moved = Callable[[Tensors, Tensor], Tensor]
"""(a layer's v, its input x) → f(x; v)."""


class Trace:
    """Records what is needed of a backward pass to compute rewards.

    Use it as a context manager around one forward and backward pass of a batch's mean loss. Batch
    normalisation couples the images of a batch: here an image's reward is the share of
    ⟨v, ∇w Σ ℓ⟩ due to its own activations, whereas `exact_rewards` measures the whole effect on its
    own loss. Their sums are equal; without batch normalisation, so are the rewards.

    Args:
        model: every parameter must belong to a layer that is linear in it (`traceable`).
        images: (B, …) sample inputs, to find where batch normalisation follows.

    Examples:
        For the losses wᵀxᵢ the rewards are ⟨v, xᵢ⟩:

        >>> import torch
        >>> from torch import nn
        >>> model, x = nn.Linear(2, 1, bias=False), torch.tensor([[1.0, 2.0], [3.0, -1.0]])
        >>> with (trace := Trace(model, x)):
        ...     model(x).mean().backward()
        >>> trace.rewards({"weight": torch.tensor([[10.0, 1.0]])})
        tensor([12., 29.])
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
        """(B,) float32 ρ along `direction`. Can be called once: it frees what was recorded.

        Raises:
            RuntimeError: the model used a layer's weights without calling the layer.
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
    """Whether every parameter is trained and belongs to exactly one layer, which is linear in it.

    Examples:
        >>> from torch import nn
        >>> traceable(nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2)))
        True
        >>> traceable(nn.Sequential(nn.PReLU(), nn.Linear(4, 2)))
        False
    """
    holders = [layer for layer in model.modules() if own(layer)]
    held = [p for layer in holders for _, p in own(layer)]
    return (
        # Exact types: subclasses, such as parametrised layers, may behave differently.
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
    """f(x; v) less its mean over images and places; minus that mean serves as the bias.

    The layer is linear in x, so the mean over images is its output for the mean image.
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
    rows = x.movedim(1, -1)  # channels last: a matrix product reads them in memory order
    mean = rows.new_full((1, len(x)), 1 / len(x)) @ rows.flatten(1)
    return mean.view(1, *rows.shape[1:]).movedim(-1, 1)


def _row_products(a: Tensor, b: Tensor) -> Tensor:
    """(B, …) and (B, …) to (B,) inner products."""
    if a.ndim > 2:  # channels last, as images are stored: rows are read in memory order
        a, b = a.movedim(1, -1), b.movedim(1, -1)
    return torch.einsum("bn,bn->b", a.flatten(1).to(b.dtype), b.flatten(1)).float()
