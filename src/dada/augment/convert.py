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


def is_picture(image: Any) -> bool:
    """Whether it is one picture that Pillow can work on: in memory, grey or RGB, not empty."""
    if isinstance(image, PIL.Image.Image):
        return True
    if isinstance(image, Tensor):
        few = image.ndim == 3 and len(image) in (1, 3)
        return few and image.device.type == "cpu" and image.numel() > 0
    return isinstance(image, np.ndarray) and image.ndim < 4 and image.size > 0


def to_picture(image: Tensor | Array) -> PIL.Image.Image:
    """Convert what `is_picture` to L or RGB; a grey picture may share the memory of `image`.

    Args:
        image: a uint8 tensor (1, H, W) or (3, H, W), or array (H, W), (H, W, 1) or (H, W, 3).
    """
    if isinstance(image, np.ndarray):
        return PIL.Image.fromarray(
            image if image.shape[2:] == (3,) else image.reshape(image.shape[:2])
        )
    # Pillow weaves three planes together several times as fast as NumPy and PyTorch.
    planes = [PIL.Image.fromarray(plane) for plane in np.ascontiguousarray(image.numpy())]
    return PIL.Image.merge("RGB", planes) if len(planes) == 3 else planes[0]


def to_tensor(picture: PIL.Image.Image) -> Tensor:
    """Convert L or RGB to uint8 (1, H, W) or (3, H, W), in memory of its own."""
    bands = picture.getbands()
    planes = bytearray().join(picture.tobytes("raw", band) for band in bands)
    array = np.frombuffer(planes, np.uint8)
    return torch.from_numpy(array.reshape(len(bands), picture.height, picture.width))


def from_array(array: Array) -> Tensor:
    """Convert uint8 (H, W), (H, W, C) or (B, H, W, C) to a tensor with the channels first."""
    array = array[..., None] if array.ndim == 2 else array
    return torch.from_numpy(np.array(np.moveaxis(array, -1, -3), order="C"))


def to_array(images: Tensor, like: Array) -> Array:
    """Undo `from_array`; the result has the shape of `like`."""
    array = np.moveaxis(images.numpy(), -3, -1)
    return np.ascontiguousarray(array.reshape(like.shape))
