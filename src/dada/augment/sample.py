"""Find the picture in a sample; `PolicyTransform` states the rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F

from dada.augment.convert import channels_seem_last

MOVING = tv_tensors.Mask | tv_tensors.BoundingBoxes | tv_tensors.KeyPoints
"""Types that move along with a picture."""


def find_picture(leaves: Sequence[Any]) -> int:
    """The index of a sample's picture, or batch of pictures, among its leaves.

    Raises:
        TypeError: there is none, there are several, or a leaf would be transformed wrongly.
    """
    found = [i for i, leaf in enumerate(leaves) if isinstance(leaf, _Tagged)]
    if not found:
        found = [i for i, leaf in enumerate(leaves) if _is_plain(leaf) and leaf.ndim > 1][:1]
    if not found:
        raise TypeError(_nothing_found(leaves))
    if len(found) > 1:
        names = " and ".join(type(leaves[i]).__name__ for i in found[:2])
        raise TypeError(
            f"{len(found)} pictures in one sample ({names}): transform them one by one, "
            "or wrap masks in torchvision.tv_tensors.Mask"
        )
    picture = leaves[found[0]]
    check_picture(picture)
    for i, leaf in enumerate(leaves):
        if i != found[0]:
            _check_beside(leaf, picture)
    return found[0]


_Tagged = PIL.Image.Image | tv_tensors.Image | tv_tensors.Video


def check_picture(picture: Any) -> None:
    """Raise TypeError for an ambiguous picture, or one that the operations do not support."""
    if isinstance(picture, PIL.Image.Image):
        if picture.mode not in ("RGB", "L"):
            raise TypeError(f'a PIL image of mode {picture.mode}: convert it to "RGB" or "L" first')
        return
    if isinstance(picture, tv_tensors.Video):
        raise TypeError("the policy is for images, not videos: pass it the frames one by one")
    if picture.dtype != (torch.uint8 if isinstance(picture, Tensor) else np.uint8):
        raise TypeError(
            f"expected a uint8 image, got {picture.dtype} of shape {tuple(picture.shape)}: put the "
            "policy before the conversion to float, and the image before other tensors and arrays"
        )
    shape = tuple(picture.shape)
    if not isinstance(picture, Tensor):
        if len(shape) != 2 and not (len(shape) in (3, 4) and shape[-1] in (1, 3)):
            raise TypeError(
                f"a NumPy image of shape {shape}: must be (H, W), (H, W, C) or (B, H, W, C) with "
                "1 or 3 channels; for other numbers of channels pass a uint8 tensor (C, H, W)"
            )
        return
    if len(shape) not in (3, 4):
        raise TypeError(f"an image tensor of shape {shape}: must be (C, H, W) or (B, C, H, W)")
    if channels_seem_last(shape):
        raise TypeError(
            f"an image tensor of shape {shape}: its channels seem to come last; "
            "must be (C, H, W) or (B, C, H, W)"
        )


def _check_beside(leaf: Any, picture: Any) -> None:
    """Raise TypeError for a leaf that belongs to the picture but would not move as it does."""
    if isinstance(leaf, MOVING) and tuple(F.get_size(leaf)) != _size(picture):
        (height, width), (rows, columns) = F.get_size(leaf), _size(picture)
        raise TypeError(
            f"{type(leaf).__name__} of an image of {width} × {height} pixels beside one of "
            f"{columns} × {rows}: crop and resize both"
        )
    if not _is_plain(leaf):
        return
    batch = not isinstance(picture, PIL.Image.Image) and picture.ndim == 4
    if leaf.ndim < 2 + batch:
        return
    height, width = _size(picture)
    shape = tuple(leaf.shape)
    same = any(shape[i : i + 2] == (height, width) for i in range(len(shape) - 1))
    if same or leaf.dtype in (torch.uint8, np.uint8):
        raise TypeError(
            f"a plain {type(leaf).__name__} of shape {shape} beside the image: "
            "wrap a mask in torchvision.tv_tensors.Mask; transform other images one by one"
        )


def _is_plain(leaf: Any) -> bool:
    """Whether it is a NumPy array, or a tensor without a torchvision type."""
    if isinstance(leaf, Tensor):
        return not isinstance(leaf, tv_tensors.TVTensor)
    return isinstance(leaf, np.ndarray)


def _size(picture: Any) -> tuple[int, int]:
    if isinstance(picture, PIL.Image.Image):
        return picture.height, picture.width
    shape = tuple(picture.shape)
    if isinstance(picture, Tensor):
        return shape[-2], shape[-1]
    return (shape[0], shape[1]) if len(shape) < 4 else (shape[1], shape[2])


def _nothing_found(leaves: Sequence[Any]) -> str:
    path = next((leaf for leaf in leaves if isinstance(leaf, str | PurePath)), None)
    kinds = ", ".join(dict.fromkeys(type(leaf).__name__ for leaf in leaves[:100])) or "nothing"
    if path is not None and len(leaves) == 1:
        return f"a path {str(path)!r:.80}: open the picture first, with PIL.Image.open"
    return (
        f"no image in the sample ({kinds}): pass a PIL image, a uint8 tensor (C, H, W) or a uint8 "
        "NumPy array (H, W, C), alone or in tuples, lists and dicts"
    )
