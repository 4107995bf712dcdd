"""Maps of instances: which object each pixel belongs to, and of which class that is.

A map is int32 (H, W): 0 where there is no object, and 1 + class + 256 · number in an object, whose
number, from 0, tells it from the others of its class. Pixels of one value are one object.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

CLASSES = 255
"""Classes that a map can tell apart."""
NUMBERS = 2**15
"""Numbers of objects; all values are below 2²³, and exact in float32."""
_STEP = CLASSES + 1
HIGHEST = _STEP * NUMBERS - 1
"""The highest value."""


def value_of(kind: int, number: int) -> int:
    """The value of an object's pixels.

    Examples:
        >>> value_of(kind=2, number=1)
        259
    """
    return 1 + kind + _STEP * number


def kinds_of(values: Tensor) -> Tensor:
    """The classes of values; -1 where there is no object."""
    return values % _STEP - 1


class Objects(NamedTuple):
    """The K objects of B maps, by image and value; of each pixel (P,) in an object, which one.

    Attributes:
        image: int64 (K,) from 0.
        value: int64 (K,).
        area: int64 (K,) in pixels.
        boxes: int64 (K, 4), the smallest boxes (x0, y0, x1, y1) around them in pixels.
        of: int64 (P,) from 0 to K - 1, in the order of ``maps[maps > 0]``.
    """

    image: Tensor
    value: Tensor
    area: Tensor
    boxes: Tensor
    of: Tensor


def objects(maps: Tensor) -> Objects:
    """The objects of maps (B, H, W).

    Examples:
        >>> import torch
        >>> found = objects(torch.tensor([[[0, 1, 1], [257, 0, 1]]], dtype=torch.int32))
        >>> found.value.tolist(), found.area.tolist(), found.boxes.tolist()
        ([1, 257], [3, 1], [[1, 0, 3, 2], [0, 1, 1, 2]])
    """
    image, y, x = (maps > 0).nonzero(as_tuple=True)
    keys = image * (HIGHEST + 1) + maps[image, y, x]
    keys, of, area = keys.unique(return_inverse=True, return_counts=True)
    where, index = torch.stack([x, y], 1), of[:, None].expand(-1, 2)
    low = where.new_full((len(keys), 2), max(maps.shape[1:], default=0))
    low = low.scatter_reduce(0, index, where, "amin")
    high = where.new_zeros(len(keys), 2).scatter_reduce(0, index, where + 1, "amax")
    image, value = keys // (HIGHEST + 1), keys % (HIGHEST + 1)
    return Objects(image=image, value=value, area=area, boxes=torch.cat([low, high], 1), of=of)


def rows_of(maps: Tensor, found: Objects | None = None) -> Tensor:
    """The boxes of the objects of maps (B, H, W), as rows (x0, y0, x1, y1, class), relative.

    Args:
        maps: the maps.
        found: their `objects`, if these are known.

    Returns:
        float32 (B, M, 5), M ≥ 1, as `dada.models.detected.Detected.losses` takes them.
    """
    found, (count, height, width) = found or objects(maps), maps.shape
    counts = found.image.bincount(minlength=count)
    rows = torch.zeros(count, max([1, *counts.tolist()]), 5, device=maps.device)
    rows[..., 4] = -1
    before = counts.cumsum(0) - counts
    place = torch.arange(len(found.image), device=maps.device) - before[found.image]
    corners = found.boxes / found.boxes.new_tensor([width, height, width, height])
    rows[found.image, place] = torch.cat([corners, kinds_of(found.value)[:, None]], 1)
    return rows


def filled(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Relative boxes (D, 4) as masks, bool (D, H, W): the pixels whose centres are inside."""
    height, width = size
    x = (torch.arange(width, device=boxes.device) + 0.5) / width
    y = (torch.arange(height, device=boxes.device) + 0.5) / height
    x0, y0, x1, y1 = boxes[..., None].unbind(1)
    return ((x >= x0) & (x < x1))[:, None] & ((y >= y0) & (y < y1))[:, :, None]
