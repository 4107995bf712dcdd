"""Between rows of relative boxes and torchvision's dictionaries of boxes in pixels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Boxes = dict[str, Tensor]
"""`boxes` (D, 4) in pixels, `labels` int64 (D,) and, of what was found, `scores` (D,)."""


def targets_of(labels: Tensor, size: tuple[int, int], background: bool) -> list[Boxes]:
    """What torchvision's losses are given for each image.

    Args:
        labels: (B, M, 5) as in `dada.models.detected.Detected.losses`.
        size: height and width of the images.
        background: whether torchvision's class 0 is that of no object.

    Examples:
        >>> import torch
        >>> rows = torch.tensor([[[0.0, 0.5, 0.25, 1.0, 2.0], [0.0, 0.0, 0.0, 0.0, -1.0]]])
        >>> targets_of(rows, (40, 80), background=True)
        [{'boxes': tensor([[ 0., 20., 20., 40.]]), 'labels': tensor([3])}]
    """
    height, width = size
    scale = labels.new_tensor([width, height, width, height])
    present = (rows[rows[:, 4] >= 0] for rows in labels)
    return [
        {"boxes": rows[:, :4] * scale, "labels": rows[:, 4].long() + int(background)}
        for rows in present
    ]


def padded(found: Sequence[Boxes], size: tuple[int, int], background: bool, most: int) -> Tensor:
    """What was found as in `dada.models.detected.Detected.boxes`.

    Args:
        found: of each image, best first.
        size, background: as in `targets_of`.
        most: boxes per image.
    """
    height, width = size
    count = min(most, max(len(image["scores"]) for image in found))
    first = found[0]["boxes"]
    rows = first.new_zeros(len(found), count, 6)
    rows[..., 5] = -1
    scale = first.new_tensor([width, height, width, height])
    for row, image in zip(rows, found, strict=True):
        score, number = image["scores"][:, None], (image["labels"] - int(background))[:, None]
        best = torch.cat([image["boxes"] / scale, score, number.to(score)], 1)[:most]
        row[: len(best)] = best
    return rows
