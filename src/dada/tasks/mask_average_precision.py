"""COCO's mean average precision of masks, by torchmetrics and pycocotools, which are optional."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dada.errors import UserError
from dada.extras import library
from dada.tasks.mean_average_precision import USER, Precision, coco_metric, precision_of

Outlines = tuple[int, int, list[bytes]]
"""Height, width and the run-length code of each of D masks, as pycocotools has it."""


def encoded(masks: Tensor) -> Outlines:
    """Masks, bool (D, H, W), in little space.

    Raises:
        UserError: pycocotools is not installed.
    """
    _, height, width = masks.shape
    planes = np.asfortranarray(masks.permute(1, 2, 0).cpu().numpy().astype(np.uint8))
    codes = library("pycocotools.mask", USER).encode(planes) if len(masks) else []
    return height, width, [code["counts"] for code in codes]


def decoded(outlines: Outlines) -> Tensor:
    """Masks, bool (D, H, W), of `encoded`."""
    height, width, codes = outlines
    if not codes:
        return torch.zeros(0, height, width, dtype=torch.bool)
    whole = [{"size": [height, width], "counts": code} for code in codes]
    planes = library("pycocotools.mask", USER).decode(whole)
    return torch.from_numpy(planes).permute(2, 0, 1).bool()


def mask_average_precision(
    found: Sequence[tuple[Tensor, Outlines]], there: Sequence[tuple[Tensor, Outlines]]
) -> Precision:
    """COCO's measure of the masks found in N images (Lin et al. 2014).

    Args:
        found: of each image rows (D, 6), D ≤ 100, (x0, y0, x1, y1, score, class), of which only the
            scores and the classes count, and the masks.
        there: of each image rows (M, 5), (x0, y0, x1, y1, class), and the masks.

    Raises:
        UserError: there is no object, or torchmetrics or pycocotools is not installed.
    """
    metric = coco_metric("segm")
    if not any(len(rows) for rows, _ in there):
        raise UserError("test images: there is no object in any, so there is no mAP")
    if not any(len(rows) for rows, _ in found):  # where torchmetrics gives no value per class
        kinds = {int(kind) for rows, _ in there for kind in rows[:, 4]}
        none = [0.0 if kind in kinds else None for kind in range(max(kinds) + 1)]
        return Precision(over_overlaps=0.0, at_half=0.0, per_class=none)
    for (rows, outlines), (labels, wanted) in zip(found, there, strict=True):
        answers: dict[str, Any] = {"masks": decoded(outlines), "scores": rows[:, 4]}
        metric.update(
            [answers | {"labels": rows[:, 5].long()}],
            [{"masks": decoded(wanted), "labels": labels[:, 4].long()}],
        )
    return precision_of(metric.compute())
