"""A small network that finds objects and says which pixels are theirs; for trials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits, grid_sample

from dada.models.detected import masks_needed
from dada.models.detector import Detector
from dada.models.grid import OnGrid
from dada.models.instance_maps import filled, rows_of


class MaskDetector(Detector):
    """A `Detector` that also says of each cell how likely it belongs to an object.

    The mask of an object is what belongs to any object in its box: two that touch are told apart by
    their boxes alone.

    Args:
        width, classes, channels: as for `Detector`.

    Examples:
        >>> import torch
        >>> answers = MaskDetector(4, 3)(torch.zeros(2, 3, 64, 64))
        >>> rows, masks = next(answers.instances((64, 64), most=5))
        >>> rows.shape, masks.shape
        (torch.Size([5, 6]), torch.Size([5, 64, 64]))
    """

    def __init__(self, width: int, classes: int, channels: int = 3) -> None:
        super().__init__(width, classes, channels)
        self.front = nn.Conv2d(2 * width, 1, 1)

    def forward(self, images: Tensor) -> OnGridWithMasks:
        """(B, channels, H, W) to the objects found."""
        x, cell = self.cells(images)
        return OnGridWithMasks(self.head(x), cell, self.front(x)[:, 0])


@dataclass(frozen=True)
class OnGridWithMasks(OnGrid):
    """What a grid of h × w cells says of B images.

    Attributes:
        front: (B, h, w) the logit of a cell's being an object's.
    """

    front: Tensor

    def losses(self, labels: Tensor) -> Tensor:
        """Refused.

        Raises:
            UserError: always.
        """
        raise masks_needed("mask-detector")

    def instance_losses(self, maps: Tensor) -> Tensor:
        """See `Detected.instance_losses`; to those of boxes the mean cross-entropy of the cells is
        added, of which the share that is covered by objects is the target."""
        height, width = maps.shape[1:]
        sides = [round(height * self.cell[1]), round(width * self.cell[0])]
        covered = avg_pool2d((maps > 0)[:, None].to(self.front), sides, ceil_mode=True)[:, 0]
        each = binary_cross_entropy_with_logits(self.front, covered, reduction="none")
        return super().losses(rows_of(maps)) + each.flatten(1).mean(1)

    @torch.no_grad()
    def instances(self, size: tuple[int, int], most: int = 100) -> Iterator[tuple[Tensor, Tensor]]:
        """See `Detected.instances`; logits are bilinear between the centres of cells."""
        height, width = size
        rows, columns = self.front.shape[1:]
        x = (torch.arange(width, device=self.front.device) + 0.5) / width
        y = (torch.arange(height, device=self.front.device) + 0.5) / height
        # From -1 to 1 over the cells, of which the last may lie beyond the image.
        across, down = 2 * x / (self.cell[0] * columns) - 1, 2 * y / (self.cell[1] * rows) - 1
        places = torch.stack(torch.meshgrid(across, down, indexing="xy"), 2)
        for found, front in zip(self.boxes(most), self.front, strict=True):
            there = found[found[:, 5] >= 0]
            logits = grid_sample(
                front[None, None].float(), places[None], padding_mode="border", align_corners=False
            )
            yield there, filled(there[:, :4], size) & (logits[0] > 0)

    def float(self) -> Self:
        """See `Detected.float`."""
        return replace(super().float(), front=self.front.float())

    def detach(self) -> Self:
        """See `Detected.detach`."""
        return replace(super().detach(), front=self.front.detach())
