"""Instance segmentation: the pixels of each object, each of one of several classes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from dada.errors import UserError
from dada.models.child import Loss
from dada.models.detected import Detected
from dada.models.instance_maps import (
    CLASSES,
    HIGHEST,
    kinds_of,
    objects,
    rows_of,
    value_of,
)
from dada.ops.moving import IDENTITY, move_masks
from dada.tasks.boxes import sure
from dada.tasks.detection import LEAST_LEFT, Detection
from dada.tasks.mask_average_precision import encoded, mask_average_precision
from dada.tasks.mean_average_precision import mean_average_precision
from dada.tasks.metric import Metric
from dada.tasks.packed import changed
from dada.tasks.pictures import check_same_size, colours, rgb
from dada.tasks.task import AllLabels

_CHUNK = 64  # maps that are looked at at once


def own_losses(outputs: Detected, maps: Tensor) -> Tensor:
    """(B,) what the detector itself says that the outputs cost."""
    return outputs.instance_losses(maps)


class Instances(Detection):
    """Labels (N, H, W) are a map per image of which object each pixel belongs to.

    A pixel is 0 where there is no object, and 1 + class + 256 · number in an object, whose number,
    from 0, tells it from the others of its class: pixels of one value are one object. A pixel has
    one object at most: where objects overlap, the one in front has it. An image may have none.

    Maps move with the pixels, as masks do, each pixel to where its image's goes; what comes from
    outside the image is 0. An object of which less than a quarter is left is dropped; a quarter of
    the area that its pixels have once they are moved. An operation that hides pixels, such as
    Cutout, leaves objects.

    A detector that finds boxes only is given the smallest boxes around the objects, and its own
    count as masks, filled to their edges.
    """

    name = "instances"
    words = "masks of objects in an image"
    targets = "int32 (N, H, W)"
    dtype = torch.int32
    recorded: ClassVar[dict[str, Any]] = {"task": "instances"}
    metric = Metric(
        "mask mAP",
        "test mask mAP",
        lower_is_better=False,
        of_class="AP",
        over_images=False,
        naive="finding nothing",
    )
    further: ClassVar[dict[str, str]] = {
        "test_mask_mAP50": "mask mAP50",
        "test_box_mAP": "box mAP",
    }
    class_words = (
        "AP: average precision of the masks, the mean over the overlaps (IoU) from 0.5 to 0.95 "
        "that count as found, as for COCO."
    )
    validation = Metric("box F1", "validation box F1", lower_is_better=False)
    proxy = "mask-detector-16"
    demo: ClassVar[dict[str, Any]] = {"model": proxy}
    pretrained = "maskrcnn_resnet50_fpn"

    def network(self, side: int, accelerated: bool) -> str:
        """A detector twice as wide as that of trials."""
        return "mask-detector-32"

    def fits(self, labels: AllLabels) -> bool:
        """See `Task.fits`."""
        return labels.ndim == self.ndim and labels.dtype in (self.dtype, np.int32)

    def check(self, labels: AllLabels, classes: int, what: str) -> None:
        """See `Task.check`."""
        if classes > CLASSES:
            raise UserError(f"{what}: {classes} classes: maps of objects tell {CLASSES} apart")
        for start, part in enumerate(labels.split(_CHUNK)):
            kinds = kinds_of(part)
            named = torch.where(part == 0, True, (kinds >= 0) & (kinds < classes))
            broken = ~named | (part < 0) | (part > HIGHEST)
            if bool(broken.any()):
                image, y, x = broken.nonzero()[0].tolist()
                raise UserError(
                    f"{what}: pixel ({x}, {y}) of image {_CHUNK * start + image} is "
                    f"{int(part[image, y, x])}: must be 0, or 1 + class + 256 · number with a "
                    f"class from 0 to {classes - 1}, at most {HIGHEST}"
                )

    def check_test(self, labels: AllLabels, what: str) -> None:
        """See `Task.check_test`."""
        if not any(bool((part > 0).any()) for part in labels.split(_CHUNK)):
            raise UserError(f"{what}: there is no object in any, so there is no mAP")

    def check_size(self, labels: Tensor, size: tuple[int, int]) -> None:
        """See `Task.check_size`."""
        check_same_size(labels, size, "maps of objects")

    def moved(self, labels: Tensor, maps: Tensor, size: tuple[int, int]) -> Tensor:
        """See `Task.moved`; a map that is not moved stays as it is."""
        moves = (maps != maps.new_tensor(IDENTITY)).flatten(1).any(1).nonzero()[:, 0]
        if not len(moves):
            return labels
        here = moves.to(labels.device)
        steps, before = maps[moves], labels[here]
        after = move_masks(before[:, None], steps)[:, 0]
        a, b, _, d, e, _ = steps.unbind(2)
        shrinks = (a * e - b * d).abs().prod(1)  # a map gives the source of each pixel
        return labels.index_copy(0, here, _kept(before, after, shrinks.to(labels.device)))

    def resized(self, labels: Tensor, size: tuple[int, int]) -> Tensor:
        """See `Task.resized`: the object of the nearest pixel."""
        resized = interpolate(labels[:, None].float(), size, mode="nearest-exact")
        return resized[:, 0].to(self.dtype)

    def found(self, outputs: Detected, size: tuple[int, int]) -> Tensor:
        """See `Task.found`: the masks with a score of at least 0.3, the best in front."""
        return torch.stack(
            [
                painted(masks[here].flip(0), rows[here][:, 5].flip(0))
                for rows, masks in outputs.instances(size)
                for here in [sure(rows)]
            ]
        )

    def occurrences(self, labels: AllLabels, classes: int) -> dict[str, list[Any]]:
        """Images with an object of the class, and objects."""
        each = map(rows_of, labels.split(_CHUNK))
        parts = [Detection.occurrences(self, rows, classes) for rows in each]
        images, boxes = (
            [sum(counts) for counts in zip(*(part[key] for part in parts), strict=True)]
            for key in ("images", "boxes")
        )
        return {"images": images, "objects": boxes}

    def drawn(self, images: Tensor, labels: Tensor) -> Tensor:
        """Pixels of objects tinted by their class, and at the edges of objects its colour."""
        plain = rgb(images)
        ink = colours(kinds_of(labels)).permute(0, 3, 1, 2)
        thick = max(1, min(images.shape[2:]) // 96)
        around = pad(labels[:, None].float(), (thick,) * 4, mode="replicate")[:, 0]
        inner, low, high = slice(thick, -thick), slice(None, -2 * thick), slice(2 * thick, None)
        shifts = ((low, inner), (high, inner), (inner, low), (inner, high))
        edge = torch.stack([around[:, y, x] != labels for y, x in shifts]).any(0)
        tinted = torch.where(edge[:, None], ink, plain // 2 + ink // 2)
        return torch.where((labels > 0)[:, None], tinted, plain)

    def example(self, count: int, classes: int, size: tuple[int, int]) -> Tensor:
        """See `Task.example`: one object, in the first image."""
        labels = torch.zeros(count, *size, dtype=self.dtype)
        labels[0] = value_of(0, 0)
        return labels

    def loss(self, labels: AllLabels, balance: bool = False, smoothing: float = 0.0) -> Loss:
        """What the detector says; neither balanced nor smoothed.

        Raises:
            UserError: balance or smoothing is asked for.
        """
        super().loss(labels, balance, smoothing)
        return own_losses

    def accuracy(self, outputs: Detected, labels: Tensor) -> Tensor:
        """That of the boxes around the objects; see `Detection.accuracy`."""
        return super().accuracy(outputs, rows_of(labels))

    def tally(self, outputs: Detected, labels: Tensor) -> dict[str, Any]:
        """What was found, at most 100 objects per image as for COCO, what is there, and the losses.

        Raises:
            UserError: pycocotools is not installed.
        """
        height, width = labels.shape[1:]
        values = objects(labels)
        there = rows_of(labels, values)
        return {
            "found": [
                (rows.cpu(), encoded(masks)) for rows, masks in outputs.instances((height, width))
            ],
            "there": [
                (
                    rows[rows[:, 4] >= 0].cpu(),
                    encoded(one == values.value[values.image == image][:, None, None]),
                )
                for image, (rows, one) in enumerate(zip(there, labels, strict=True))
            ],
            "losses": outputs.instance_losses(labels).detach().double().cpu(),
        }

    def measures(self, tallies: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """See `Task.measures`; the mAP of masks, and of the boxes around them.

        Raises:
            UserError: there is no object, or a library is missing.
        """
        found = [image for tally in tallies for image in tally["found"]]
        there = [image for tally in tallies for image in tally["there"]]
        masks = self.measured(tallies, mask_average_precision(found, there))
        boxes = mean_average_precision([rows for rows, _ in found], [rows for rows, _ in there])
        return masks | {"test_box_mAP": boxes.over_overlaps}

    def matched(self, labels: AllLabels, outputs: Sequence[int]) -> tuple[AllLabels, None]:
        """The labels as the network numbers its classes."""
        table = torch.tensor([-1, *outputs], dtype=labels.dtype)  # -1 stays -1
        return changed(labels, partial(_of_kinds, table)), None


def painted(masks: Tensor, kinds: Tensor) -> Tensor:
    """A map, int32 (H, W), of masks (D, H, W) and their classes (D,), the last in front."""
    canvas = torch.zeros(masks.shape[1:], dtype=torch.int32, device=masks.device)
    for number, (mask, kind) in enumerate(zip(masks, kinds.tolist(), strict=True)):
        canvas[mask] = value_of(int(kind), number)
    return canvas


def _of_kinds(table: Tensor, maps: Tensor) -> Tensor:
    """Maps whose classes are looked up in a table, that of no object first."""
    kinds = kinds_of(maps)
    return maps - kinds + table[(kinds + 1).long()]


def _kept(before: Tensor, after: Tensor, shrinks: Tensor) -> Tensor:
    """The moved maps (B, H, W), without objects of which less than a quarter is left.

    Args:
        before: the maps before.
        after: the maps after.
        shrinks: float64 (B,) how many pixels of before one of after stands for.
    """
    old, new = objects(before), objects(after)
    keys, wanted = (found.image * (HIGHEST + 1) + found.value for found in (old, new))
    whole = old.area[torch.searchsorted(keys, wanted)]
    kept = new.area * shrinks[new.image] >= (LEAST_LEFT - 1e-9) * whole  # turns shrink by rounding
    after[after > 0] *= kept[new.of].to(after.dtype)
    return after
