"""Operations that replace each byte by another: one table of 256 entries per channel."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor

from dada.ops.two_step import TwoStep


def all_bytes(images: Tensor) -> Tensor:
    """What a table maps: 0 to 255, on the images' device."""
    return torch.arange(256, device=images.device)


def look_up(images: Tensor, tables: Tensor) -> Tensor:
    """Each channel through its own table.

    Args:
        images: uint8 (B, C, H, W).
        tables: numbers (B, C, 256), clipped to a byte and truncated.

    Examples:
        >>> import torch
        >>> images = torch.tensor([[[[0, 1, 255]]]], dtype=torch.uint8)
        >>> look_up(images, 1.5 * all_bytes(images).expand(1, 1, 256)).tolist()
        [[[[0, 1, 255]]]]
    """
    entries = tables.clamp(0, 255).to(torch.uint8)
    return entries.gather(2, images.flatten(2).long()).view(images.shape)


def by_table(tables_of: Callable[[Tensor, Tensor], Tensor]) -> TwoStep:
    """A kernel from ``(images, values) -> tables``, as `look_up` takes them or broadcastable.

    Examples:
        >>> import torch
        >>> @by_table
        ... def gamma(images, values):
        ...     return 255 * (all_bytes(images) / 255) ** values.view(-1, 1, 1)
        >>> gamma(torch.full((1, 1, 1, 1), 64, dtype=torch.uint8), torch.tensor([0.5])).item()
        127
    """

    @wraps(tables_of)
    def prepare(images: Tensor, values: Tensor) -> Tensor:
        # An image without pixels has no extremes and no mean; any table will do.
        tables = tables_of(images, values) if images.numel() else all_bytes(images)
        return tables.expand(*images.shape[:2], 256)

    return TwoStep(prepare, look_up)
