"""Masks, points and boxes that move along with the pixels, under the same affine maps.

Maps are float64 (B, K, 6) on the CPU: K steps for each of B images, each as in `dada.ops.affine`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dada.ops.affine import affine

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_CORNERS = ((0, 1), (2, 1), (2, 3), (0, 3))  # of a box, as indices into x0, y0, x1, y1


def move_masks(masks: Tensor, maps: Tensor) -> Tensor:
    """Masks by nearest neighbour, step by step, exactly as pixels move; 0 outside.

    Args:
        masks: (B, L, H, W) of any type, on any device.
        maps: (B, K, 6).

    Examples:
        >>> import torch
        >>> flip = torch.tensor([[[-1.0, 0, 3, 0, 1, 0]]], dtype=torch.float64)
        >>> move_masks(torch.tensor([[[[1, 2, 3]]]]), flip).tolist()
        [[[[3, 2, 1]]]]
    """
    for step in maps.unbind(1):
        # Few images move in a step, and what does not move need not be copied pixel by pixel.
        rows = _moving(step)
        if len(rows) == len(masks):
            masks = affine(masks, step)
        elif len(rows):
            here = rows.to(masks.device)
            masks = masks.index_copy(0, here, affine(masks.index_select(0, here), step[rows]))
    return masks


def move_points(points: Tensor, maps: Tensor) -> Tensor:
    """Points (B, ..., 2), x and y in pixels, float64 on the CPU: where their pixels go."""
    for step in maps.unbind(1):
        points = _forwards(points, step)
    return points


def move_boxes(boxes: Tensor, maps: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Boxes around what can still be seen of moved boxes.

    A moved box is a parallelogram. What leaves the image in a step is lost and does not come back
    in a later one. The result is the smallest upright box around what is left.

    Args:
        boxes: (B, M, 4), rows (x0, y0, x1, y1) in pixels, float64 on the CPU.
        maps: (B, K, 6).
        size: height and width of the images.

    Returns:
        The boxes, and (B, M) which share of each one's area is left, in [0, 1]. A box of which
        nothing is left has no area.

    Examples:
        >>> import torch
        >>> left = torch.tensor([[[1.0, 0, 3, 0, 1, 0]]], dtype=torch.float64)  # by 3 pixels
        >>> box = torch.tensor([[[1.0, 2, 5, 8]]], dtype=torch.float64)
        >>> move_boxes(box, left, size=(10, 10))
        (tensor([[[0., 2., 2., 8.]]], dtype=torch.float64), tensor([[0.5000]], dtype=torch.float64))
    """
    corners = boxes[..., _CORNERS]
    whole, there = _area(corners), _clipped(corners, size)
    for step in maps.unbind(1):
        if len(_moving(step)):
            a, b, _, d, e, _ = step.T
            whole = whole / (a * e - b * d).abs()[:, None]
            there = _clipped(_forwards(there, step), size)
    limit = boxes.new_tensor(size[::-1])
    low, high = (there.amin(-2).minimum(limit), there.amax(-2).minimum(limit))
    around = torch.cat([low, high], -1).clamp(min=0).nan_to_num(0)
    return around, (_area(there) / whole).nan_to_num(0, 0, 0).clamp(0, 1)


def _moving(step: Tensor) -> Tensor:
    """The rows whose map is not the identity."""
    return (step != step.new_tensor(IDENTITY)).any(1).nonzero()[:, 0]


def _forwards(points: Tensor, step: Tensor) -> Tensor:
    """New positions of points (B, ..., 2) under the maps (B, 6)."""
    a, b, c, d, e, f = step.T.reshape(6, len(step), *[1] * (points.ndim - 2))
    x, y = points[..., 0] - c, points[..., 1] - f
    # A map gives the source of each pixel, so points move by its inverse.
    return torch.stack([e * x - b * y, a * y - d * x], -1) / (a * e - b * d)[..., None]


def _area(polygons: Tensor) -> Tensor:
    """Areas (...) of polygons (..., V, 2), by the shoelace formula."""
    x, y = polygons.unbind(-1)
    return ((x * y.roll(-1, -1) - y * x.roll(-1, -1)).sum(-1) / 2).abs()


def _clipped(polygons: Tensor, size: tuple[int, int]) -> Tensor:
    """Convex polygons (..., V, 2), cut at the edges of an image (Sutherland and Hodgman 1974)."""
    height, width = size
    for axis, edge in ((0, width), (1, height)):
        polygons = _cut(polygons, polygons[..., axis])
        polygons = _cut(polygons, edge - polygons[..., axis])
    return polygons


def _cut(polygons: Tensor, depth: Tensor) -> Tensor:
    """The part of convex polygons (..., V, 2) with a depth (..., V) of at least 0: (..., V + 1, 2).

    Polygons with fewer corners repeat the last one; nothing is a point.
    """
    if bool((depth >= 0).all()):
        return polygons
    after, inside = depth.roll(-1, -1), depth >= 0
    crosses = inside != (after >= 0)
    share = torch.where(crosses, depth / (depth - after), 0.0)[..., None]
    crossings = polygons + share * (polygons.roll(-1, -2) - polygons)
    points = torch.stack([polygons, crossings], -2).flatten(-3, -2)
    there = torch.stack([inside, crosses], -1).flatten(-2)
    # Those that are there come first, in their order: a cut adds one corner at most.
    order = there.byte().argsort(dim=-1, descending=True, stable=True)
    last = there.sum(-1, keepdim=True).clamp(min=1) - 1
    kept = torch.arange(polygons.shape[-2] + 1, device=last.device).minimum(last)
    chosen = order.gather(-1, kept)[..., None].expand(*kept.shape, 2)
    return points.gather(-2, chosen)
