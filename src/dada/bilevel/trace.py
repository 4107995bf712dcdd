"""Rewards from the train gradient's own backward pass, for the price of a forward pass.

A layer y = f(x; w) that is linear in its weights has ⟨v, ∇w ℓ⟩ = ⟨∂ℓ/∂y, f(x; v)⟩: the layer
itself, called with v for its weights, against the gradient of its output. Input and output
gradient are at hand when the train gradient is taken, each image's in its own row, and the sum
over layers is the image's reward (ghost dot products: Goodfellow 2015, arXiv:1510.01799; Wang et
al. 2025, *Data Shapley in One Training Run*, arXiv:2406.11011).
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from dada.bilevel.rewards import Tensors

LINEAR_IN_WEIGHTS = (
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear),
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm),
)


class Trace:
    """What a backward pass leaves behind to take rewards from.

    Used as a context around one forward and backward pass of a batch's mean loss. Batch
    normalisation couples the images of a batch; an image's reward here is its own activations'
    share of ⟨v, ∇w Σ ℓ⟩, where `exact_rewards` takes the whole effect on its own loss. Their
    sums are equal, and without batch normalisation so are they.

    Args:
        model: every parameter of which belongs to a layer that is linear in it (`traceable`).
    """

    def __init__(self, model: nn.Module) -> None:
        self.layers = {name: layer for name, layer in model.named_modules() if own(layer)}
        self._passes: list[tuple[str, Tensor, Tensor]] = []
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
            seen = inputs[0].detach()

            def with_gradient(gradient: Tensor) -> None:
                self._passes.append((name, seen, gradient))

            output.register_hook(with_gradient)

        return keep

    @torch.no_grad()
    def rewards(self, direction: Tensors) -> Tensor:
        """(B,) float32 ρ along `direction`, once; what was kept is let go.

        Raises:
            RuntimeError: a layer's weights are used without the layer being called.
        """
        missed = set(self.layers) - {name for name, _, _ in self._passes}
        if missed:
            raise RuntimeError(f"no backward pass through {', '.join(sorted(missed))}")
        total: Tensor | None = None
        while self._passes:
            name, seen, gradient = self._passes.pop()
            layer = self.layers[name]
            tangent = {key: direction[f"{name}.{key}" if name else key] for key, _ in own(layer)}
            share = _row_products(gradient, _with_weights(layer, tangent, seen))
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


def _with_weights(layer: nn.Module, weights: Tensors, seen: Tensor) -> Tensor:
    """The layer's output at other weights; running statistics are left alone."""
    if isinstance(layer, _BatchNorm):
        return nn.functional.batch_norm(
            seen, None, None, weights.get("weight"), weights.get("bias"), True, 0.0, layer.eps
        )
    return functional_call(layer, weights, (seen,))


def _row_products(a: Tensor, b: Tensor) -> Tensor:
    """(B, …) and (B, …) to (B,) inner products."""
    if a.ndim > 2:  # channels last, as images are kept: then rows are read as they lie
        a, b = a.movedim(1, -1), b.movedim(1, -1)
    return torch.einsum("bn,bn->b", a.flatten(1).to(b.dtype), b.flatten(1)).float()
