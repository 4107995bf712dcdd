"""Boxes from a grid of cells: what a small anchor-free detector answers, and what that costs.

After FCOS (Tian et al. 2019): a cell near the centre of an object answers for it, the smallest
where several would do. The loss of an image is its focal loss (Lin et al. 2017) and its GIoU loss
(Rezatofighi et al. 2019), each divided by the number of cells that answer for an object of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor
from torchvision.ops import batched_nms, generalized_box_iou_loss, sigmoid_focal_loss

from dada.models.detected import Detected

BOX = 4
"""Channels of the raw output that say where a box is; one per class follows."""
_RADIUS = 1.5  # cells: how far from an object's centre cells answer for it
_USUAL = 4.0  # cells: the side of a box where the output is 0
_LARGEST = 5.0  # of the logarithm of a box's side
_CANDIDATES = 4  # times as many boxes as asked for enter the suppression
_OVERLAP = 0.6  # IoU above which two boxes of a class are one


@dataclass(frozen=True)
class OnGrid(Detected):
    """What a grid of h × w cells says of B images.

    Attributes:
        raw: (B, 4 + classes, h, w): the box's centre, from the cell's, and the logarithms of its
            sides, both in cells, x before y; then a logit per class.
        cell: width and height of a cell, relative to the image's.
    """

    raw: Tensor
    cell: tuple[float, float]

    def losses(self, labels: Tensor) -> Tensor:
        """See `Detected.losses`."""
        logits, predicted = self._logits(), self._predicted()
        cell = self._cell()
        with torch.no_grad():
            which, answers = assigned(self._centres(), cell, labels)
            there = labels.gather(1, which[..., None].expand(-1, -1, 5))
            wanted = torch.zeros_like(logits)
            number = there[..., 4].long().clamp(min=0)[..., None]
            wanted.scatter_(2, number, answers[..., None].to(wanted.dtype))
            share = 1 / answers.sum(1).clamp(min=1)
        classes = sigmoid_focal_loss(logits, wanted).sum((1, 2))
        image = answers.nonzero()[:, 0]
        # In cells: the loss adds 1e-7 to areas, which would not be small beside relative ones.
        pairs = (box[answers] / cell.repeat(2) for box in (predicted, there[..., :4]))
        overlaps = generalized_box_iou_loss(*pairs)
        return share * classes.index_add(0, image, overlaps)

    @torch.no_grad()
    def boxes(self, most: int = 100) -> Tensor:
        """See `Detected.boxes`."""
        scores = self._logits().sigmoid()
        count, _, classes = scores.shape
        best = scores.flatten(1).topk(min(_CANDIDATES * most, scores[0].numel()))
        cells, number = best.indices // classes, best.indices % classes
        boxes = self._predicted().clamp(0, 1).gather(1, cells[..., None].expand(-1, -1, 4))
        image = torch.arange(count, device=scores.device)[:, None]
        group = (image * classes + number).flatten()
        kept = batched_nms(boxes.flatten(0, 1), best.values.flatten(), group, _OVERLAP)
        chosen = torch.zeros_like(group, dtype=torch.bool).index_fill_(0, kept, True)
        chosen = chosen.view_as(number)
        # Stable: those that stay keep their order, which is that of their scores.
        order = chosen.int().argsort(dim=1, descending=True, stable=True)[:, :most]
        rows = torch.cat([boxes, best.values[..., None], number[..., None].to(boxes.dtype)], 2)
        absent = rows.new_tensor([0.0, 0.0, 0.0, 0.0, 0.0, -1.0])
        rows = torch.where(chosen[..., None], rows, absent)
        return rows.gather(1, order[..., None].expand(-1, -1, 6))

    def tempered(self, temperature: float) -> Self:
        """See `Detected.tempered`."""
        parts = self.raw[:, :BOX], self.raw[:, BOX:] / temperature
        return replace(self, raw=torch.cat(parts, 1))

    def float(self) -> Self:
        """See `Detected.float`."""
        return replace(self, raw=self.raw.float())

    def detach(self) -> Self:
        """See `Detected.detach`."""
        return replace(self, raw=self.raw.detach())

    def __len__(self) -> int:
        return len(self.raw)

    def _logits(self) -> Tensor:
        """(B, G, classes), with G = h · w cells, row by row."""
        return self.raw[:, BOX:].flatten(2).transpose(1, 2).contiguous()

    def _predicted(self) -> Tensor:
        """(B, G, 4) relative boxes (x0, y0, x1, y1)."""
        where = self.raw[:, :BOX].flatten(2).transpose(1, 2)
        cell = self._cell()
        centre = self._centres() + where[..., :2] * cell
        half = where[..., 2:].clamp(max=_LARGEST).exp() * (_USUAL / 2) * cell
        return torch.cat([centre - half, centre + half], 2)

    def _cell(self) -> Tensor:
        return self.raw.new_tensor(self.cell)

    def _centres(self) -> Tensor:
        """(G, 2) relative centres (x, y) of the cells."""
        height, width = self.raw.shape[2:]
        y, x = torch.meshgrid(
            torch.arange(height, device=self.raw.device),
            torch.arange(width, device=self.raw.device),
            indexing="ij",
        )
        return (torch.stack([x, y], -1).flatten(0, 1) + 0.5) * self._cell()


def assigned(centres: Tensor, cell: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which object each cell answers for.

    A cell answers for an object if this holds both in x and in y: its centre is in the object's box
    and at most 1.5 cells from the box's centre, or the box's centre is in the cell, so that no
    object is too small. Of several objects it answers for the smallest.

    Args:
        centres: (G, 2) of the cells, relative (x, y).
        cell: (2,) their width and height.
        labels: (B, M, 5) as in `Detected.losses`.

    Returns:
        int64 (B, G) the row of the object, and bool (B, G) whether there is one.
    """
    low, high, there = labels[..., :2], labels[..., 2:4], labels[..., 4] >= 0
    away = (centres[:, None] - ((low + high) / 2)[:, None]).abs()  # (B, G, M, 2)
    inside = (centres[:, None] > low[:, None]) & (centres[:, None] < high[:, None])
    match = (inside & (away <= _RADIUS * cell)) | (away <= cell / 2)
    match = match.all(-1) & there[:, None]
    area = (high - low).prod(-1)[:, None].expand_as(match)
    smallest = area.masked_fill(~match, torch.inf).min(-1)
    return smallest.indices, smallest.values < torch.inf
