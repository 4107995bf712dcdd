"""The geometry of a batch, recorded while its images are augmented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from dada.ops import get
from dada.ops.moving import IDENTITY

if TYPE_CHECKING:
    from dada.augment.draw import Draw


class Motion:
    """How the pixels of B images were moved: one affine map per image and step, in order.

    Whatever augments the images adds to it, so that what belongs to them can be moved afterwards
    (`dada.tasks.Task.moved`). Steps are as in `dada.ops.affine`, in pixels of the images as they
    are at the end.

    Args:
        count: B.

    Examples:
        >>> import torch
        >>> from dada.augment import Pipeline
        >>> pipeline, motion = Pipeline((0.5,), (0.5,), padding=2, flip=False), Motion(3)
        >>> images = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
        >>> _ = pipeline.before_policy(images, torch.Generator().manual_seed(0), motion)
        >>> motion.maps[0].tolist()  # each pixel from 2 further left and 2 further down
        [[1.0, 0.0, -2.0, 0.0, 1.0, 2.0]]
    """

    def __init__(self, count: int) -> None:
        self._steps = [still(count)[:, None][:, :0]]

    def add(self, maps: Tensor) -> None:
        """Add steps: (B, 6) for one, (B, K, 6) for several; float64 on the CPU."""
        self._steps.append(maps[:, None] if maps.ndim == 2 else maps)

    @property
    def maps(self) -> Tensor:
        """All steps so far, float64 (B, K, 6) on the CPU."""
        return torch.cat(self._steps, 1)


def still(count: int) -> Tensor:
    """The maps (count, 6) that move nothing."""
    return torch.tensor(IDENTITY, dtype=torch.float64, device="cpu").repeat(count, 1)


def maps(draw: Draw, height: int, width: int) -> Tensor:
    """How a draw moves the pixels of images of that size: float64 (B, K, 6) on the CPU.

    The map of an operation that is not applied, or moves nothing, is the identity.
    """
    found = still(draw.operation.numel()).view(*draw.operation.shape, 6)
    size = torch.empty((), device="cpu").expand(1, 1, height, width)
    for number, name in enumerate(draw.operations):
        map_of = get(name).affine_map
        here = draw.applied & (draw.operation == number)
        if map_of is not None and bool(here.any()):
            found[here] = map_of(size, draw.value[here])
    return found
