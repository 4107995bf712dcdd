"""Apply a draw to a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from dada.augment.draw import Draw
from dada.ops import get


def apply(images: Tensor, draw: Draw) -> Tensor:
    """Each image under its own draw: operation after operation, those that are applied.

    Args:
        images: uint8 (B, C, H, W), on any device; left as they are.
        draw: for B images.

    Returns:
        uint8 (B, C, H, W); row i equals the same draw applied to image i alone.

    Raises:
        ValueError: the images are not a uint8 batch, or not as many as the draw is for.
    """
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise ValueError(
            f"expected uint8 images (B, C, H, W), got {images.dtype} {tuple(images.shape)}"
        )
    if len(images) != len(draw):
        raise ValueError(f"{len(images)} images but draws for {len(draw)}")
    result = images.clone()
    for k in range(draw.operation.shape[1]):
        operation, applied = draw.operation[:, k], draw.applied[:, k]
        for index in operation[applied].unique().tolist():
            kind = get(draw.operations[index])
            rows = (applied & (operation == index)).nonzero().squeeze(1)
            place = (draw.place[rows, k],) if kind.random_place else ()
            there = rows.to(images.device)
            result[there] = kind.kernel(result[there], draw.value[rows, k], *place)
    return result
