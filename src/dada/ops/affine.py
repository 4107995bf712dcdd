"""Affine maps with nearest-neighbour sampling, black outside: Pillow's `transform(AFFINE)`.

The coefficients (a, b, c, d, e, f) send the output pixel (x, y) to the source point
(ax + by + c, dx + ey + f). Pillow rounds them to 16.16 fixed point unless b = d = 0, when it
works in double precision (`affine_fixed` and `ImagingScaleAffine` in its Geometry.c); both are
reproduced. Coordinates beyond ±32768, where Pillow leaves fixed point, are not.

All float64 stays on the CPU: an accelerator may lack it, or add in another order. Only whole
numbers go to the images' device.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor
from torch.nn.functional import pad

from dada.ops.two_step import TwoStep

Coefficients = tuple[Tensor | float, ...]


def _running(start: Tensor, step: Tensor, count: int) -> Tensor:
    """Source coordinates of `count` pixels, each `step` further on; int32 (..., count)."""
    # Pillow adds the step once per pixel. The running sum rounds where it does; a product might
    # not, and a coordinate a few units in the last place below an integer would fall elsewhere.
    steps = torch.cat([start, step.expand(*step.shape[:-1], count - 1)], -1)
    return steps.cumsum(-1).floor_().clamp_(-1, count).int()


def _sample(images: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """Pixel (rows, columns) of each image in 16.16 fixed point, int32 (B, H, W) and overwritten."""
    B, C, H, W = images.shape
    # All that lies outside is black, so clamp onto a black frame of one pixel: no masks needed.
    framed = pad(images, (1, 1, 1, 1))
    columns >>= 16
    rows >>= 16
    index = rows.clamp_(-1, H).mul_(W + 2).add_(columns.clamp_(-1, W)).add_(W + 3)
    # int32 and in place up to here: large batches are bound by memory.
    source = index.long().flatten(1).unsqueeze(1).expand(B, C, H * W)
    return framed.flatten(2).gather(2, source).view(B, C, H, W)


def affine(images: Tensor, coefficients: Tensor) -> Tensor:
    """Each image under its own map.

    Args:
        images: uint8 (B, C, H, W), or of any other type.
        coefficients: float64 (B, 6) on the CPU, of the maps from output to source.

    Examples:
        >>> import torch
        >>> row = torch.tensor([[[[1, 2, 3]]]])
        >>> from_the_right = torch.tensor([[1, 0, 1, 0, 1, 0]], dtype=torch.float64)
        >>> affine(row, from_the_right).tolist()  # pixel x is taken from x + 1
        [[[[2, 3, 0]]]]
    """
    H, W = images.shape[2:]
    if not images.numel():
        return images.clone()
    a, b, c, d, e, f = coefficients.T.unsqueeze(2)
    # Per axis of the source: its change per step along the same axis and along the other one.
    same, other, start = torch.stack([a, e]), torch.stack([b, d]), torch.stack([c, f])
    offset = torch.stack([c + a * 0.5 + b * 0.5, f + d * 0.5 + e * 0.5])
    # Sums that overflow int32 on the way wrap back, so only the coordinates have to fit.
    fixed = torch.stack([same, other, offset]).mul_(65536).add_(0.5).floor_().int()
    pixel = torch.arange(max(W, H), dtype=torch.int32, device="cpu")
    scaled = _running(start + same * 0.5, same, len(pixel)) << 16
    along = torch.where((other == 0).all(0), scaled, fixed[0] * pixel + fixed[2])
    along, aside = along.to(images.device), (fixed[1] * pixel).to(images.device)
    columns = along[0, :, None, :W] + aside[0, :, :H, None]
    rows = along[1, :, :H, None] + aside[1, :, None, :W]
    return _sample(images, columns, rows)


def by_affine(coefficients_of: Callable[[Tensor, int, int], Coefficients]) -> TwoStep:
    """A kernel from ``(values, width, height) -> (a, b, c, d, e, f)``.

    The values are float64 (B,) on the CPU; each coefficient is (B,) or a plain number. Masks, boxes
    and key points follow an operation with such a kernel.

    Examples:
        >>> import torch
        >>> @by_affine
        ... def flip(values, width, height):  # pixel x is taken from width - x
        ...     return -1, 0, width, 0, 1, 0
        >>> flip(torch.tensor([[[[1, 2, 3]]]]), torch.zeros(1)).tolist()
        [[[[3, 2, 1]]]]
    """

    @wraps(coefficients_of)
    def prepare(images: Tensor, values: Tensor) -> Tensor:
        v = values.to("cpu", torch.float64)
        H, W = images.shape[2:]
        each = coefficients_of(v, W, H)
        return torch.stack([c if isinstance(c, Tensor) else torch.full_like(v, c) for c in each], 1)

    return TwoStep(prepare, affine)
