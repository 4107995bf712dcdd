"""Conversion between uint8 tensors (C, H, W) and Pillow or NumPy images; all copies, on the CPU.

torchvision's conversions create tensors on the default device; these do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]


_FEW = 4  # a last dimension this small is taken for channels, not for a width


def channels_seem_last(shape: Sequence[int]) -> bool:
    """Whether what should be (..., C, H, W) looks like (..., H, W, C).

    Examples:
        >>> channels_seem_last((32, 32, 3)), channels_seem_last((3, 32, 32))
        (True, False)
    """
    channels, height, width = shape[-3:]
    return channels not in (1, 3) and 0 < width <= _FEW < max(channels, height, width)


def to_picture(image: Tensor) -> PIL.Image.Image:
    """Convert uint8 (1, H, W) or (3, H, W) to L or RGB."""
    array = image.numpy()
    if len(array) == 1:
        return PIL.Image.fromarray(array[0])
    return PIL.Image.fromarray(np.ascontiguousarray(array.transpose(1, 2, 0)))


def to_tensor(picture: PIL.Image.Image) -> Tensor:
    """Convert L or RGB to uint8 (1, H, W) or (3, H, W)."""
    return from_array(np.asarray(picture))


def from_array(array: Array) -> Tensor:
    """Convert uint8 (H, W), (H, W, C) or (B, H, W, C) to a tensor with the channels first."""
    array = array[..., None] if array.ndim == 2 else array
    return torch.from_numpy(np.array(np.moveaxis(array, -1, -3), order="C"))


def to_array(images: Tensor, like: Array) -> Array:
    """Undo `from_array`; the result has the shape of `like`."""
    array = np.moveaxis(images.numpy(), -3, -1)
    return np.ascontiguousarray(array.reshape(like.shape))
