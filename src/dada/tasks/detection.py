"""Object detection: each image has any number of boxes, each of one of several classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torchvision.utils import draw_bounding_boxes

from dada.errors import UserError
from dada.models.child import Loss
from dada.models.detected import Detected
from dada.ops.moving import IDENTITY, move_boxes
from dada.tasks.boxes import SURE, hits, present, sure
from dada.tasks.mean_average_precision import Precision, mean_average_precision
from dada.tasks.metric import Metric
from dada.tasks.pictures import colours, rgb
from dada.tasks.task import AllLabels, AnyLabels, Task

ABSENT = (0.0, 0.0, 0.0, 0.0, -1.0)
"""The row of no box."""
LEAST_LEFT = 0.25
"""The share of a moved box's area that must be left in the image, or it is dropped."""
LEAST_SIDE = 1.0
"""The shortest side of a moved box, in pixels, or it is dropped."""
_ROUNDING = 1e-3  # what a float32 coordinate can be off by, in pixels
_OVERLAP = 0.5  # the least intersection over union, of `accuracy`


def own_losses(outputs: Detected, labels: Tensor) -> Tensor:
    """(B,) what the detector itself says that the outputs cost."""
    return outputs.losses(labels)


def kept(boxes: Tensor, left: Tensor) -> Tensor:
    """(…,) bool: which moved boxes stay.

    Args:
        boxes: (…, 4), rows (x0, y0, x1, y1) in pixels.
        left: (…,) the share of each one's area that is left in the image.
    """
    sides = boxes[..., 2:] - boxes[..., :2]
    return (left >= LEAST_LEFT - _ROUNDING) & (sides >= LEAST_SIDE - _ROUNDING).all(-1)


class Detection(Task):
    """Labels (N, M, 5) are rows (x0, y0, x1, y1, class), relative to width and height: in [0, 1].

    Every image has M rows; those without a box are (0, 0, 0, 0, -1) and come last. An image may
    have no box.

    Boxes move with the pixels. A moved box is the smallest upright one around what is left of it in
    the image (`dada.ops.moving.move_boxes`). It is dropped if that is less than a quarter of its
    area, or less than a pixel wide or high. An operation that hides pixels, such as Cutout, leaves
    boxes.
    """

    name = "detection"
    words = "boxes in an image"
    targets = "float32 (N, M, 5)"
    dtype = torch.float32
    ndim = 3
    recorded: ClassVar[dict[str, Any]] = {"task": "detection"}
    moves = True
    metric = Metric(
        "mAP",
        "test mAP",
        lower_is_better=False,
        of_class="AP",
        over_images=False,
        naive="finding nothing",
    )
    further: ClassVar[dict[str, str]] = {"test_mAP50": "mAP50"}
    class_words = (
        "AP: average precision, the mean over the overlaps (IoU) from 0.5 to 0.95 that count as "
        "found, as for COCO."
    )
    found_words = f"what the network found with a score of at least {SURE}"
    validation = Metric("F1", "validation F1", lower_is_better=False)
    proxy = "detector-16"
    usual: ClassVar[dict[str, Any]] = {"batch": 16, "lr": 0.05}
    demo: ClassVar[dict[str, Any]] = {"model": proxy}
    pretrained = "fcos_resnet50_fpn"
    pixels = 128
    fewest_pixels = 128
    temperatures = tuple(2.0 ** (step / 2) for step in range(-2, 7))
    """Fewer than elsewhere: a detector's loss takes long, and a part of it has no temperature."""

    def network(self, side: int, accelerated: bool) -> str:
        """A detector twice as wide as that of trials."""
        return "detector-32"

    def fits(self, labels: AllLabels) -> bool:
        """See `Task.fits`."""
        is_float = labels.dtype in (self.dtype, np.float32)
        return labels.ndim == self.ndim and labels.shape[2] == len(ABSENT) and is_float

    def check(self, labels: Tensor, classes: int, what: str) -> None:
        """See `Task.check`; boxes lie inside their image, and absent ones come last."""
        if not labels.shape[1]:
            raise UserError(f"{what}: no rows for boxes: at least one per image is needed")
        there, kind = present(labels), labels[..., 4]
        low, high = labels[..., :2], labels[..., 2:4]
        inside = ((low >= 0) & (low < high) & (high <= 1)).all(-1)
        absent = (labels == labels.new_tensor(ABSENT)).all(-1)
        named = (kind < classes) & (kind == kind.floor())
        broken = ~torch.where(there, inside & named, absent)
        broken[:, 1:] |= there[:, 1:] & ~there[:, :-1]
        if bool(broken.any()):
            image, row = broken.nonzero()[0].tolist()
            found = ", ".join(f"{number:g}" for number in labels[image, row].tolist())
            raise UserError(
                f"{what}: box {row} of image {image} is ({found}): must be x0 < x1, y0 < y1 in "
                f"[0, 1] and a class from 0 to {classes - 1}; absent boxes are (0, 0, 0, 0, -1) "
                "and come last"
            )

    def check_test(self, labels: Tensor, what: str) -> None:
        """See `Task.check_test`."""
        if not bool(present(labels).any()):
            raise UserError(f"{what}: there is no box in any, so there is no mAP")

    def moved(self, labels: Tensor, maps: Tensor, size: tuple[int, int]) -> Tensor:
        """See `Task.moved`; a box that is not moved stays as it is, to the last bit."""
        height, width = size
        rows = labels.cpu().double()
        scale = rows.new_tensor([width, height, width, height])
        boxes, left = move_boxes(rows[..., :4] * scale, maps, size)
        there = present(rows) & kept(boxes, left)
        moved = torch.cat([boxes / scale, rows[..., 4:]], -1).to(labels.dtype)
        moved = torch.where(there[..., None], moved, moved.new_tensor(ABSENT))
        first = (~there).byte().argsort(dim=1, stable=True)
        moved = moved.gather(1, first[..., None].expand_as(moved)).to(labels.device)
        still = (maps == maps.new_tensor(IDENTITY)).flatten(1).all(1)
        return torch.where(still[:, None, None].to(labels.device), labels, moved)

    def found(self, outputs: Detected, size: tuple[int, int]) -> Tensor:
        """See `Task.found`: the boxes with a score of at least 0.3."""
        boxes = outputs.boxes()
        rows = boxes[..., [0, 1, 2, 3, 5]]
        return torch.where(sure(boxes)[..., None], rows, rows.new_tensor(ABSENT))

    def inks(self, classes: int) -> list[tuple[int, int, int] | None]:
        """See `Task.inks`."""
        return [tuple(ink) for ink in colours(torch.arange(classes)).tolist()]

    def occurrences(self, labels: Tensor, classes: int) -> dict[str, list[Any]]:
        """Images with a box of the class, and boxes."""
        of = [labels[..., -1] == kind for kind in range(classes)]
        return {
            "images": [int(rows.any(1).sum()) for rows in of],
            "boxes": [int(rows.sum()) for rows in of],
        }

    def drawn(self, images: Tensor, labels: Tensor) -> Tensor:
        """The outlines of the boxes, in a colour per class."""
        height, width = images.shape[2:]
        scale = labels.new_tensor([width, height, width, height]).cpu()
        shown = []
        for image, rows in zip(rgb(images).cpu(), labels.cpu(), strict=True):
            boxes = rows[present(rows)]
            inks = [tuple(ink) for ink in colours(boxes[:, 4]).tolist()]
            thick = max(1, min(height, width) // 96)
            corners = (boxes[:, :4] * scale).round()
            corners[:, 2:] = (corners[:, 2:] - 1).maximum(corners[:, :2])
            plain = image.contiguous()
            shown.append(
                draw_bounding_boxes(plain, corners, colors=inks, width=thick) if inks else plain
            )
        return torch.stack(shown)

    def example(self, count: int, classes: int, size: tuple[int, int]) -> Tensor:
        """See `Task.example`: one box, in the first image."""
        labels = torch.tensor(ABSENT).repeat(count, 1, 1)
        labels[0, 0] = torch.tensor([0.0, 0.0, 1.0, 1.0, 0.0])
        return labels

    def expected(self, classes: int, size: tuple[int, int]) -> tuple[tuple[int, ...] | type, str]:
        """See `Task.expected`."""
        return Detected, "boxes and their losses, a dada.models.detected.Detected"

    def loss(self, labels: Tensor, balance: bool = False, smoothing: float = 0.0) -> Loss:
        """What the detector says; neither balanced nor smoothed.

        Raises:
            UserError: balance or smoothing is asked for.
        """
        for name, asked in (("balance", balance), ("label_smoothing", smoothing)):
            if asked:
                raise UserError(f"{name}: a detector's loss is its own: give a loss of your own")
        return own_losses

    def tempered(self, outputs: Detected, temperature: float) -> Detected:
        """See `Task.tempered`: boxes stay as they are."""
        return outputs.tempered(temperature)

    def accuracy(self, outputs: Detected, labels: Tensor) -> Tensor:
        """F1 of the boxes with a score of at least 0.3, right if they overlap a box of their class
        by half (intersection over union); 1 where nothing is there and nothing was found."""
        found, there = outputs.boxes(), present(labels)
        counted = sure(found)
        most = int(counted.sum(1).max()) if counted.numel() else 0
        found, counted = found[:, :most], counted[:, :most]
        right = (hits(found, labels, _OVERLAP) & counted).sum(1)
        there_are = counted.sum(1) + there.sum(1)
        return torch.where(there_are > 0, 2 * right / there_are.clamp(min=1), 1.0)

    def tally(self, outputs: Detected, labels: Tensor) -> dict[str, Tensor]:
        """The boxes found, at most 100 per image as for COCO, those there, and the losses."""
        return {
            "found": outputs.boxes(most=100).cpu(),
            "there": labels.cpu(),
            "losses": outputs.losses(labels).detach().double().cpu(),
        }

    def measures(self, tallies: Sequence[dict[str, Tensor]]) -> dict[str, Any]:
        """See `Task.measures`; see `dada.tasks.mean_average_precision` for those of boxes.

        Raises:
            UserError: there is no box, or a library is missing.
        """
        found = [image for tally in tallies for image in tally["found"]]
        there = [image for tally in tallies for image in tally["there"]]
        return self.measured(tallies, mean_average_precision(found, there))

    def measured(self, tallies: Sequence[dict[str, Any]], precision: Precision) -> dict[str, Any]:
        """The measures of all batches, with this precision."""
        losses = self.losses(tallies)
        return {
            "test_images": len(losses),
            "test_loss": losses.mean().item(),
            self.metric.key: precision.over_overlaps,
            f"{self.metric.key}50": precision.at_half,
            "class_AP": precision.per_class,
        }

    def prior(self, labels: Tensor, classes: int, count: int) -> None:
        """None: only a network can make outputs."""

    def naive(self, labels: Tensor) -> float:
        """None is found, so none is right."""
        return 0.0

    def matched(self, labels: Tensor, outputs: Sequence[int]) -> tuple[Tensor, None]:
        """The labels as the network numbers its classes."""
        rows, there = labels.clone(), present(labels)
        kinds = torch.tensor(outputs, dtype=labels.dtype)
        rows[there, -1] = kinds[labels[there][:, -1].long()]
        return rows, None

    def strata(self, labels: AnyLabels) -> None:
        """None: an image has boxes of several classes."""
