"""Semantic segmentation: each pixel has one of several classes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate

from dada.errors import UserError
from dada.models.child import Loss
from dada.ops.moving import move_masks
from dada.tasks.counts import added
from dada.tasks.metric import Metric
from dada.tasks.packed import changed, renumbered
from dada.tasks.pictures import check_same_size, colours, rgb
from dada.tasks.task import AllLabels, AnyLabels, Task

IGNORED = 255
"""The label of pixels that do not count, as in Pascal VOC."""
_CHUNK = 256  # masks that are counted at once


def pixel_cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor | None = None, smoothing: float = 0.0
) -> Tensor:
    """(B,) losses: of each image the mean cross-entropy of the pixels that count.

    An image without any costs nothing, and has no gradient.

    Args:
        logits: (B, classes, H, W).
        labels: uint8 (B, H, W).
        weights: per class, (classes,).
        smoothing: label smoothing.

    Examples:
        >>> import torch
        >>> logits = torch.zeros(2, 4, 1, 2)
        >>> labels = torch.tensor([[[3, 255]], [[255, 255]]], dtype=torch.uint8)
        >>> pixel_cross_entropy(logits, labels)  # log 4, and nothing
        tensor([1.3863, 0.0000])
    """
    each = cross_entropy(
        logits,
        labels.long(),
        weights,
        ignore_index=IGNORED,
        reduction="none",
        label_smoothing=smoothing,
    )
    return each.flatten(1).sum(1) / (labels != IGNORED).flatten(1).sum(1).clamp(min=1)


class Segmentation(Task):
    """Labels (N, H, W) are the class of each pixel, 255 for pixels that do not count.

    They move with the pixels, each to where its pixel goes; what comes from outside the image does
    not count. An operation that hides pixels, such as Cutout, leaves their labels.
    """

    name = "segmentation"
    words = "a class per pixel"
    targets = "uint8 (N, H, W)"
    dtype = torch.uint8
    ndim = 3
    recorded: ClassVar[dict[str, Any]] = {"task": "segmentation"}
    moves = True
    metric = Metric(
        "mean IoU", "test mean IoU", lower_is_better=False, of_class="IoU", over_images=False
    )
    class_words = (
        "IoU: of the pixels that are of the class or were taken for it, the share that are both. "
        "Pixels: the class’s share."
    )
    proxy = "segmenter-16"
    fewest_pixels = 64
    usual: ClassVar[dict[str, Any]] = {"batch": 16, "lr": 0.05}
    demo: ClassVar[dict[str, Any]] = {"model": proxy}
    pretrained = "deeplabv3_mobilenet_v3_large"

    def network(self, side: int, accelerated: bool) -> str:
        """A segmenter twice as wide as that of trials."""
        return "segmenter-32"

    def fits(self, labels: AllLabels) -> bool:
        """See `Task.fits`."""
        return labels.ndim == self.ndim and labels.dtype in (self.dtype, np.uint8)

    def check(self, labels: AllLabels, classes: int, what: str) -> None:
        """See `Task.check`."""
        counts = _counts(labels).nonzero()
        highest = int(counts.max()) if len(counts) else 0
        if highest >= classes:
            raise UserError(
                f"{what}: a pixel has class {highest} of {classes}: must be 0 to {classes - 1}, "
                f"or {IGNORED} where it does not count"
            )

    def check_test(self, labels: AllLabels, what: str) -> None:
        """See `Task.check_test`."""
        if not any(bool((part != IGNORED).any()) for part in labels.split(_CHUNK)):
            raise UserError(f"{what}: every pixel is {IGNORED}, so none counts")

    def check_size(self, labels: Tensor, size: tuple[int, int]) -> None:
        """See `Task.check_size`."""
        check_same_size(labels, size, "masks")

    def moved(self, labels: Tensor, maps: Tensor, size: tuple[int, int]) -> Tensor:
        """See `Task.moved`: bit for bit where the pixels go, 255 where nothing comes from."""
        # Inverted, as what comes from outside is 0.
        return ~move_masks(~labels[:, None], maps)[:, 0]

    def resized(self, labels: Tensor, size: tuple[int, int]) -> Tensor:
        """See `Task.resized`: the label of the nearest pixel."""
        return interpolate(labels[:, None], size, mode="nearest-exact")[:, 0]

    def found(self, outputs: Tensor, size: tuple[int, int]) -> Tensor:
        """See `Task.found`: the class of the largest logit."""
        return outputs.argmax(1).to(self.dtype)

    def inks(self, classes: int) -> list[tuple[int, int, int] | None]:
        """See `Task.inks`: class 0 is not tinted."""
        return [
            tuple(ink) if kind else None
            for kind, ink in enumerate(colours(torch.arange(classes)).tolist())
        ]

    def occurrences(self, labels: AllLabels, classes: int) -> dict[str, list[Any]]:
        """Images with the class, and its share of the pixels that count."""
        counts, images = torch.zeros(classes), torch.zeros(classes, dtype=torch.int64)
        for part in labels.split(_CHUNK):
            each = torch.stack([_counts(one[None])[:classes] for one in part])
            counts, images = counts + each.sum(0), images + (each > 0).sum(0)
        return {"images": images.tolist(), "pixels": (counts / counts.sum().clamp(min=1)).tolist()}

    def drawn(self, images: Tensor, labels: Tensor) -> Tensor:
        """Pixels tinted by their class, except those of class 0 or none."""
        plain = rgb(images)
        shown = ((labels > 0) & (labels != IGNORED))[:, None]
        tint = colours(labels).permute(0, 3, 1, 2)
        return torch.where(shown, plain // 2 + tint // 2, plain)

    def example(self, count: int, classes: int, size: tuple[int, int]) -> Tensor:
        """See `Task.example`."""
        return torch.zeros(count, *size, dtype=self.dtype)

    def expected(self, classes: int, size: tuple[int, int]) -> tuple[tuple[int, ...] | type, str]:
        """See `Task.expected`."""
        return (classes, *size), f"one number for each of the {classes} classes and each pixel"

    def loss(self, labels: AllLabels, balance: bool = False, smoothing: float = 0.0) -> Loss:
        """Cross-entropy, the mean over the pixels that count."""
        if not balance and not smoothing:
            return pixel_cross_entropy
        counts = _counts(labels)
        rarity = counts.sum() / (counts.count_nonzero() * counts.clamp(min=1))

        def loss(logits: Tensor, labels: Tensor) -> Tensor:
            weights = rarity[: logits.shape[1]].to(logits) if balance else None
            return pixel_cross_entropy(logits, labels, weights, smoothing)

        return loss

    def accuracy(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """The share of right pixels among those that count; 1 where none does."""
        counts = (labels != IGNORED).flatten(1).sum(1)
        right = (outputs.argmax(1) == labels).flatten(1).sum(1)
        return torch.where(counts > 0, right / counts.clamp(min=1), 1.0)

    def tally(self, outputs: Tensor, labels: Tensor) -> dict[str, Any]:
        """How often pixels of each class, a row, got which answer, a column; the images' losses."""
        classes, counts = outputs.shape[1], labels != IGNORED
        cells = labels[counts].long() * classes + outputs.argmax(1)[counts]
        confusion = cells.bincount(minlength=classes**2).view(classes, classes)
        return {
            "confusion": confusion.cpu(),
            "losses": pixel_cross_entropy(outputs, labels).double().cpu(),
        }

    def measures(self, tallies: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """See `Task.measures`; `class_IoU` is None for a class that is nowhere and was never the
        answer, which does not enter the mean.

        Raises:
            UserError: no pixel counts.
        """
        confusion = added([tally["confusion"] for tally in tallies])
        losses = self.losses(tallies)
        hits = confusion.diagonal().double()
        either = confusion.sum(0) + confusion.sum(1) - hits
        if not bool(either.any()):
            raise UserError(f"test images: every pixel is {IGNORED}, so none counts")
        overlaps = hits / either
        return {
            "test_images": len(losses),
            "test_loss": losses.mean().item(),
            self.metric.key: overlaps[either > 0].mean().item(),
            "class_IoU": [
                overlap if area else None
                for overlap, area in zip(overlaps.tolist(), either.tolist(), strict=True)
            ],
        }

    def prior(self, labels: Tensor, classes: int, count: int) -> Tensor:
        """Logarithms of the class counts, the same everywhere."""
        logits = (_counts(labels)[:classes] + 1.0).log().float()
        return logits[:, None, None].expand(count, -1, *labels.shape[1:])

    def naive(self, labels: Tensor) -> float | None:
        """The mean IoU of the most frequent class everywhere: its share of the pixels, by the
        number of classes that there are."""
        counts = _counts(labels).double()
        there = int(counts.count_nonzero())
        return round((counts.max() / counts.sum()).item() / there, 6) if there else None

    def matched(self, labels: AllLabels, outputs: Sequence[int]) -> tuple[AllLabels, None]:
        """The labels as the network numbers its classes."""
        table = torch.full((IGNORED + 1,), IGNORED, dtype=labels.dtype)
        table[: len(outputs)] = torch.tensor(outputs, dtype=labels.dtype)
        return changed(labels, partial(renumbered, table)), None

    def strata(self, labels: AnyLabels) -> None:
        """None: an image has pixels of several classes."""


def _counts(labels: AllLabels) -> Tensor:
    """(255,) int64: how many pixels each class has."""
    counts = torch.zeros(IGNORED + 1, dtype=torch.int64, device=labels.device)
    for part in labels.split(_CHUNK):
        counts += part.flatten().int().bincount(minlength=IGNORED + 1)
    return counts[:IGNORED]
