"""Apply a draw to a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import torch
from torch import Tensor

from dada.augment.draw import Draw
from dada.ops import OperationType, TwoStep, get

# How many bytes of images to work on at once. What lies in between is ten times as large: on a CPU
# it should stay in the cache and in memory that is used again, on a GPU it has to fit.
_CPU_BYTES, _GPU_BYTES = 2**20, 2**26


def apply(images: Tensor, draw: Draw) -> Tensor:
    """Each image under its own draw: operation after operation, those that are applied.

    Args:
        images: uint8 (B, C, H, W), on any device; left as they are.
        draw: for B images.

    Returns:
        uint8 (B, C, H, W), contiguous; row i equals the same draw applied to image i alone.

    Raises:
        ValueError: the images are not a uint8 batch, or not as many as the draw is for.
    """
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise ValueError(
            f"expected uint8 images (B, C, H, W), got {images.dtype} {tuple(images.shape)}"
        )
    if len(images) != len(draw):
        raise ValueError(f"{len(images)} images but draws for {len(draw)}")
    result = images.clone(memory_format=torch.contiguous_format)
    value, place = draw.value.to(images.device), draw.place.to(images.device)
    on_cpu = images.device.type == "cpu"
    most = max(1, (_CPU_BYTES if on_cpu else _GPU_BYTES) // max(1, images.shape[1:].numel()))
    kinds = [get(name) for name in draw.operations]
    choices = zip(draw.operation.T.tolist(), draw.applied.T.tolist(), strict=True)
    for k, (operation, applied) in enumerate(choices):
        for rows in _parts(kinds, operation, applied, most):
            there = torch.tensor(rows, device=images.device)
            given = (x.index_select(0, there) for x in (result, value[:, k], place[:, k]))
            _put(result, there, _together([kinds[operation[row]] for row in rows], *given))
    return result


def _parts(
    kinds: Sequence[OperationType], operation: list[int], applied: list[bool], most: int
) -> Iterator[list[int]]:
    """Images that can run together, a part at a time, those of one operation in succession."""
    last_step = [k.kernel.finish if isinstance(k.kernel, TwoStep) else k.name for k in kinds]
    groups: dict[object, dict[int, list[int]]] = {}
    for row, (which, do) in enumerate(zip(operation, applied, strict=True)):
        if do:
            groups.setdefault(last_step[which], {}).setdefault(which, []).append(row)
    for group in groups.values():
        together = [row for rows in group.values() for row in rows]
        for start in range(0, len(together), most):
            yield together[start : start + most]


def _together(
    kinds: Sequence[OperationType], images: Tensor, values: Tensor, places: Tensor
) -> Tensor:
    """Each image under its operation; all have one last step."""
    kernels, counts = [], []
    for kind, same in groupby(kinds):
        if not isinstance(kind.kernel, TwoStep):
            return kind.kernel(images, values, *((places,) if kind.random_place else ()))
        kernels.append(kind.kernel)
        counts.append(len(list(same)))
    parts = zip(kernels, images.split(counts), values.split(counts), strict=True)
    parameters = [kernel.prepare(part, value) for kernel, part, value in parts]
    return kernels[0].finish(images, torch.cat(parameters))


def _put(result: Tensor, rows: Tensor, images: Tensor) -> None:
    """``result[rows] = images``, which on a CPU is far slower than row by row."""
    if result.device.type != "cpu":
        result.index_copy_(0, rows, images)
        return
    for row, image in zip(rows.tolist(), images, strict=True):
        result[row] = image
