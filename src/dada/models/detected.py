"""What a detector answers for a batch of images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Self

import torch
from torch import Tensor

from dada.errors import UserError
from dada.models.instance_maps import filled, rows_of


def masks_needed(network: str) -> UserError:
    """What is wrong where a network that draws masks is given boxes to learn from."""
    return UserError(
        f"a {network} learns masks of objects, and the labels are boxes: give data with masks "
        "(instances:FOLDER of COCO JSON), or a network that finds boxes"
    )


class Detected(ABC):
    """The outputs of a detector for B images, in training and in evaluation mode alike.

    It knows by itself what it costs and which boxes it means, so that no task, loss or metric has
    to know how a detector works. Boxes are relative to the width and height of the images: a row
    (x0, y0, x1, y1), each in [0, 1], holds at any size.

    A detector that finds boxes only learns the boxes of masks, and means by a box all pixels in it.
    """

    @abstractmethod
    def losses(self, labels: Tensor) -> Tensor:
        """(B,) float32, one loss per image, differentiable in the network's weights.

        Args:
            labels: float32 (B, M, 5), rows (x0, y0, x1, y1, class); absent ones have class -1 and
                come last. An image may have none.
        """

    @abstractmethod
    def boxes(self, most: int = 100) -> Tensor:
        """(B, D, 6) float32, D ≤ `most`: rows (x0, y0, x1, y1, score, class), best first.

        Of overlapping boxes of a class only the best is there (non-maximum suppression). Absent
        rows have class -1 and come last. Scores are in [0, 1].
        """

    def instance_losses(self, maps: Tensor) -> Tensor:
        """(B,) float32, as `losses`, where the labels are masks of objects.

        Args:
            maps: int32 (B, H, W), see `dada.models.instance_maps`.
        """
        return self.losses(rows_of(maps))

    @torch.no_grad()
    def instances(self, size: tuple[int, int], most: int = 100) -> Iterator[tuple[Tensor, Tensor]]:
        """What was found in each image, with masks.

        Args:
            size: height and width of the masks.
            most: as in `boxes`.

        Returns:
            For each image its rows of `boxes`, (D, 6), without absent ones, and the masks, bool
            (D, H, W).
        """
        for image in self.boxes(most):
            rows = image[image[:, 5] >= 0]
            yield rows, filled(rows[:, :4], size)

    @abstractmethod
    def tempered(self, temperature: float) -> Self:
        """The same boxes, with the logits of the classes divided by the temperature."""

    @abstractmethod
    def float(self) -> Self:
        """The same in float32."""

    @abstractmethod
    def detach(self) -> Self:
        """The same without a gradient."""

    @abstractmethod
    def __len__(self) -> int:
        """B."""
