"""What belongs to an image and moves with it, as torchvision's tv_tensors."""

from __future__ import annotations

from typing import Any

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
        moved = move_points(exact.as_subclass(Tensor)[None], maps)[0]
    else:
        XYXY = tv_tensors.BoundingBoxFormat.XYXY
        if tv_tensors.is_rotated_bounding_format(item.format):
            raise TypeError(f"boxes of format {item.format.value}: convert them to XYXY first")
        plain = F.convert_bounding_box_format(exact, new_format=XYXY).as_subclass(Tensor)
        around = move_boxes(plain[None], maps, item.canvas_size)[0][0]
        upright = tv_tensors.wrap(around, like=item, format=XYXY)
        moved = F.convert_bounding_box_format(upright, new_format=item.format).as_subclass(Tensor)
    moved = moved if item.is_floating_point() else moved.round()
    return tv_tensors.wrap(moved.to(item.dtype).to(item.device), like=item)
