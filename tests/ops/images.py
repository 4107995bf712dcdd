"""Images to try operations on, and Pillow's answers for them."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images
from torch import Tensor

from dada.ops import OperationType, get


def to_pillow(image: Tensor) -> Image.Image:
    array = image.permute(1, 2, 0).numpy()
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else np.ascontiguousarray(array))


def from_pillow(image: Image.Image) -> Tensor:
    array = np.array(image)
    return torch.from_numpy(array[None] if array.ndim == 2 else array.transpose(2, 0, 1).copy())


def by_kernel(name: str, images: Tensor, values: Tensor, places: Tensor) -> Tensor:
    operation = get(name)
    return operation.kernel(images, values, *((places,) if operation.random_place else ()))


def by_pillow(name: str, images: Tensor, values: Tensor, places: Tensor) -> Tensor:
    operation = get(name)
    assert operation.pillow is not None
    results = []
    for image, value, place in zip(images, values.tolist(), places.tolist(), strict=True):
        where = (tuple(place),) if operation.random_place else ()
        results.append(from_pillow(operation.pillow(to_pillow(image), value, *where)))
    return torch.stack(results)


def levels(operation: OperationType, count: int = 256) -> Tensor:
    """Values over the whole range, both ends included, and the identity."""
    values = torch.linspace(operation.low, operation.high, count, dtype=torch.float64)
    identity = operation.low if operation.identity is None else operation.identity
    return torch.cat([values, torch.tensor([identity], dtype=torch.float64)])


def places(count: int, seed: int = 0) -> Tensor:
    """Random places, beginning with the corners."""
    drawn = torch.rand(count, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    corners = torch.tensor([[0, 0], [0.9999, 0], [0, 0.9999], [0.9999, 0.9999]]).double()
    return torch.cat([corners, drawn])[:count]


def noise(count: int, channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    shape = (count, channels, height, width)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


@cache
def photographs(count: int, side: int, grey: bool = False) -> Tensor:
    """Squares cut at random from scikit-learn's two photographs and resized."""
    random = np.random.default_rng(0)
    cuts = []
    for array in load_sample_images().images:
        photograph = Image.fromarray(array).convert("L" if grey else "RGB")
        for _ in range((count + 1) // 2):
            cut = int(random.integers(100, photograph.height))
            x = int(random.integers(0, photograph.width - cut))
            y = int(random.integers(0, photograph.height - cut))
            cuts.append(from_pillow(photograph.resize((side, side), box=(x, y, x + cut, y + cut))))
    return torch.stack(cuts[:count])


@cache
def digits(count: int) -> Tensor:
    """Handwritten digits, grey, 8 × 8."""
    return torch.from_numpy(load_digits().images[:count] * 15).to(torch.uint8).unsqueeze(1)


def degenerate(channels: int, side: int) -> Tensor:
    """Constant, two-valued, one odd pixel, and few-valued images."""
    constants = [torch.full((channels, side, side), value) for value in (0, 1, 128, 254, 255)]
    halves = torch.zeros(channels, side, side, dtype=torch.long)
    halves[:, : side // 2] = 255
    close = halves.clamp(100, 101)
    odd = torch.full((channels, side, side), 7)
    odd[:, side // 2, side // 3] = 201
    few = noise(1, channels, side, side)[0].long() // 50 * 50
    return torch.stack([*constants, halves, close, odd, few]).to(torch.uint8)
