"""COCO's mean average precision, by torchmetrics and pycocotools, which are optional."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor

from dada.errors import UserError
from dada.extras import library
from dada.tasks.boxes import present

USER = "mAP"


class Precision(NamedTuple):
    """Mean average precision, in [0, 1].

    Attributes:
        over_overlaps: the mean over classes, and over overlaps (intersection over union) from 0.5
            to 0.95 that count as right.
        at_half: the mean over classes at an overlap of 0.5.
        per_class: as the first, of each class up to the highest that was there or was found; None
            for a class without a box.
    """

    over_overlaps: float
    at_half: float
    per_class: list[float | None]


def mean_average_precision(found: Sequence[Tensor], there: Sequence[Tensor]) -> Precision:
    """COCO's measure of what was found in N images (Lin et al. 2014).

    Args:
        found: of each image (D, 6), D ≤ 100: rows (x0, y0, x1, y1, score, class); of absent ones
            the class is -1.
        there: of each image (M, 5): rows (x0, y0, x1, y1, class), likewise.

    Raises:
        UserError: there is no box, or torchmetrics or pycocotools is not installed.
    """
    metric = coco_metric("bbox")
    wanted = [image[present(image)] for image in there]
    given = [image[present(image)] for image in found]
    if not any(map(len, wanted)):
        raise UserError("test images: there is no box in any, so there is no mAP")
    metric.update(
        [
            {"boxes": rows[:, :4], "scores": rows[:, 4], "labels": rows[:, 5].long()}
            for rows in given
        ],
        [{"boxes": rows[:, :4], "labels": rows[:, 4].long()} for rows in wanted],
    )
    return precision_of(metric.compute())


def coco_metric(kind: str) -> Any:
    """torchmetrics' measure of boxes ("bbox") or masks ("segm"), of this process's images alone.

    Left to itself it collects those of all processes of a job, which may measure other networks,
    and at other times: then it would wait for ever.

    Raises:
        UserError: torchmetrics or pycocotools is not installed.
    """
    library("pycocotools", USER)
    detection = library("torchmetrics.detection", USER)
    return detection.MeanAveragePrecision(iou_type=kind, class_metrics=True, sync_on_compute=False)


def precision_of(result: dict[str, Any]) -> Precision:
    """What torchmetrics computed, with a value for each class."""
    kinds, each = (result[name].reshape(-1).tolist() for name in ("classes", "map_per_class"))
    # torchmetrics lists classes that occur, and writes -1 for those of which nothing is there.
    known = {int(kind): value for kind, value in zip(kinds, each, strict=True) if value >= 0}
    return Precision(
        over_overlaps=result["map"].item(),
        at_half=result["map_50"].item(),
        per_class=[known.get(kind) for kind in range(int(max(kinds)) + 1)],
    )
