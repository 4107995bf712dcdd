"""Boxes, relative to the size of their image, and how they overlap."""

from __future__ import annotations

import torch
from torch import Tensor

SURE = 0.3
"""The least score of a box that is shown and counted."""


def present(rows: Tensor) -> Tensor:
    """(…,) bool: which rows (…, 5 or 6) are boxes; the class of others, the last column, is -1."""
    return rows[..., -1] >= 0


def sure(found: Tensor) -> Tensor:
    """(…,) bool: which found boxes (…, 6) are shown and counted; column 4 is their score."""
    return present(found) & (found[..., 4] >= SURE)


def iou(some: Tensor, others: Tensor) -> Tensor:
    """Intersection over union, (B, D, M), of boxes (B, D, 4) and (B, M, 4); 0 without an area.

    Examples:
        >>> import torch
        >>> left, right = torch.tensor([[[0.0, 0, 0.5, 1]]]), torch.tensor([[[0.25, 0, 0.75, 1]]])
        >>> iou(left, right)
        tensor([[[0.3333]]])
    """
    a, b = some[:, :, None], others[:, None]
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    both = (high - low).clamp(min=0).prod(-1)
    either = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - both
    return torch.where(both > 0, both / either.clamp(min=1e-12), 0.0)


def hits(found: Tensor, labels: Tensor, overlap: float) -> Tensor:
    """(B, D) bool: which found boxes are right.

    Best first, each takes the free box of its class that it overlaps most, if by enough.

    Args:
        found: (B, D, 6), rows (x0, y0, x1, y1, score, class), best first.
        labels: (B, M, 5), rows (x0, y0, x1, y1, class).
        overlap: the least intersection over union.
    """
    alike = (found[:, :, None, 5] == labels[:, None, :, 4]) & present(labels)[:, None]
    near = torch.where(alike, iou(found[..., :4], labels[..., :4]), 0.0)
    right = torch.zeros(found.shape[:2], dtype=torch.bool, device=found.device)
    taken = torch.zeros_like(labels[..., 0], dtype=torch.bool)
    for number in range(found.shape[1]):
        most, which = near[:, number].masked_fill(taken, 0.0).max(1)
        right[:, number] = most >= overlap
        taken |= torch.nn.functional.one_hot(which, labels.shape[1]).bool() & right[:, number, None]
    return right
