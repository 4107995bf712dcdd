"""Labels in pictures."""

from __future__ import annotations

import torch
from torch import Tensor

from dada.errors import UserError

COLOURS = (
    *((230, 60, 50), (60, 180, 75), (255, 200, 25), (0, 130, 200), (245, 130, 48)),
    *((145, 30, 180), (70, 240, 240), (240, 50, 230), (210, 245, 60), (0, 128, 128)),
)
"""Of classes, over and over."""


def rgb(images: Tensor) -> Tensor:
    """Images, uint8 (B, C, H, W), as (B, 3, H, W): grey if they have fewer than three channels."""
    return images[:, :3] if images.shape[1] > 2 else images[:, :1].expand(-1, 3, -1, -1)


def colours(classes: Tensor) -> Tensor:
    """The colours of class numbers (…): uint8 (…, 3)."""
    table = torch.tensor(COLOURS, dtype=torch.uint8, device=classes.device)
    return table[classes.long() % len(table)]


def check_same_size(labels: Tensor, size: tuple[int, int], what: str) -> None:
    """Refuse labels (N, H, W) that have not the size of their images, in pixels.

    Raises:
        UserError: they have another one.
    """
    if tuple(labels.shape[1:]) != size:
        (height, width), (rows, columns) = size, labels.shape[1:]
        raise UserError(
            f"images are {width} × {height} pixels but {what} {columns} × {rows}: must be the same"
        )
