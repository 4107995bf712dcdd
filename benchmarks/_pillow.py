"""Operations in Pillow, one picture at a time."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dada.ops import get


def picture(image: Tensor) -> Image.Image:
    """A uint8 image (3, H, W) on the CPU as a Pillow image."""
    return Image.fromarray(image.permute(1, 2, 0).numpy())


def pixels(picture: Image.Image) -> Tensor:
    """A Pillow image as uint8 (3, H, W)."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)


def changed(
    picture: Image.Image, name: str, value: float, place: tuple[float, float]
) -> Image.Image:
    """The picture under one operation.

    Args:
        name: an operation that Pillow has.
        value: in the operation's unit.
        place: x and y in [0, 1), for an operation at a random place.

    Raises:
        ValueError: Pillow does not have it.
    """
    kind = get(name)
    if kind.pillow is None:
        raise ValueError(f"Pillow has no {name}")
    return kind.pillow(picture, value, *([place] if kind.random_place else []))
