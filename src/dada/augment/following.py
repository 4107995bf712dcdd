"""What belongs to an image and moves with it, as torchvision's tv_tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F

from dada.ops.moving import move_boxes, move_masks, move_points


def follow(item: Any, maps: Tensor) -> Any:
    """A mask, boxes or key points, moved as the pixels of their image are.

    Args:
        item: a Mask, BoundingBoxes or KeyPoints of `torchvision.tv_tensors`.
        maps: (B, K, 6) as for `move_masks`, of B images with K steps each.

    Raises:
        TypeError: boxes or points of several images, rotated boxes, or masks (..., H, W) of
            several images whose first size is not B.
    """
    return _mask(item, maps) if isinstance(item, tv_tensors.Mask) else _points(item, maps)


def _mask(mask: Any, maps: Tensor) -> Any:
    """By nearest neighbour; in a batch each mask follows its own image."""
    B = len(maps)
    if B != 1 and (mask.ndim < 3 or len(mask) != B):
        raise TypeError(f"{B} images but a mask {tuple(mask.shape)}: must be ({B}, ..., H, W)")
    H, W = mask.shape[-2:]
    layers = mask.shape[:-2].numel() if B == 1 else mask.shape[1:-2].numel()
    moved = move_masks(mask.as_subclass(Tensor).reshape(B, layers, H, W), maps)
    return tv_tensors.wrap(moved.reshape(mask.shape), like=mask)


def _points(item: Any, maps: Tensor) -> Any:
    """Boxes become those around what is left of them; whole numbers are rounded."""
    if len(maps) != 1:
        raise TypeError(
            f"{type(item).__name__} with a batch of {len(maps)} images: "
            "transform the samples before they become a batch"
        )
    exact = tv_tensors.wrap(item.as_subclass(Tensor).cpu().double(), like=item)
    if isinstance(item, tv_tensors.KeyPoints):
        return _rounded(move_points(exact.as_subclass(Tensor)[None], maps)[0], item)
    if tv_tensors.is_rotated_bounding_format(item.format):
        raise TypeError(f"boxes of format {item.format.value}: convert them to XYXY first")
    plain = _in_format(exact, "XYXY").as_subclass(Tensor)
    return _boxes(move_boxes(plain[None], maps, item.canvas_size)[0][0], item)


def _boxes(around: Tensor, item: Any) -> Any:
    """Boxes (N, 4) on the canvas, float64 XYXY, in the format and type of the item.

    In CXCYWH an edge on the border may come to lie a hair beyond it through rounding, for which
    `v2.SanitizeBoundingBoxes` would drop the box: it is made narrower by as much.
    """
    boxes = _like(around, item)
    edges = _in_format(boxes, "XYXY").as_subclass(Tensor)[..., 2:].cpu().double()
    beyond = (edges - around.new_tensor(item.canvas_size[::-1])).clamp(min=0)
    if not bool(beyond.any()):
        return boxes
    low, high = around.split(2, -1)
    return _like(torch.cat([low, (high - 2 * beyond).maximum(low)], -1), item)


def _like(boxes: Tensor, item: Any) -> Any:
    upright = tv_tensors.wrap(boxes, like=item, format="XYXY")
    return _rounded(_in_format(upright, item.format), item)


def _in_format(boxes: Any, name: Any) -> Any:
    return F.convert_bounding_box_format(boxes, new_format=name)


def _rounded(exact: Tensor, item: Any) -> Any:
    """Numbers in the type of the item, to whole numbers if it has those."""
    plain = exact.as_subclass(Tensor)
    plain = plain if item.is_floating_point() else plain.round()
    return tv_tensors.wrap(plain.to(item.dtype).to(item.device), like=item)
