"""Apply a draw to a batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
from PIL import Image
from torch import Tensor

from dada.augment.convert import channels_seem_last, to_picture, to_tensor
from dada.augment.draw import Choice, Draw
from dada.augment.motion import Motion, maps
from dada.ops import OperationType, TwoStep, get

# Bytes of images to process at once. Intermediate results are ten times as large: on a CPU they
# should stay in the cache and in reused memory, on a GPU they have to fit.
_CPU_BYTES, _GPU_BYTES = 2**20, 2**26


def at_once(images: Tensor) -> int:
    """How many of the images, uint8 (B, C, H, W), to process at once."""
    budget = _CPU_BYTES if images.device.type == "cpu" else _GPU_BYTES
    return max(1, budget // max(1, images.shape[1:].numel()))


def apply(images: Tensor, draw: Draw, motion: Motion | None = None) -> Tensor:
    """Apply to each image the operations of its own draw, one after the other.

    Args:
        images: uint8 (B, C, H, W), on any device; not modified.
        draw: for B images.
        motion: to which the draw's geometry is added.

    Returns:
        uint8 (B, C, H, W), contiguous; row i is what image i alone would become under its draw.

    Raises:
        ValueError: the images are not a uint8 batch, their channels seem to come last, or the draw
            is for another number of images.

    Examples:
        >>> import torch
        >>> from dada.policy import Operation, Policy, SubPolicy
        >>> from dada.augment import Sampler
        >>> invert = Policy((SubPolicy((Operation("Invert", 1.0, 0.0),)),))
        >>> images = torch.tensor([[[[0, 100, 255]]]], dtype=torch.uint8)
        >>> apply(images, Sampler(invert)(count=1)).tolist()
        [[[[255, 155, 0]]]]
    """
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise ValueError(
            f"expected uint8 images (B, C, H, W), got {images.dtype} {tuple(images.shape)}"
        )
    if channels_seem_last(images.shape):
        raise ValueError(f"images {tuple(images.shape)}: their channels seem to come last")
    if len(images) != len(draw):
        raise ValueError(f"{len(images)} images but draws for {len(draw)}")
    if motion is not None:
        motion.add(maps(draw, *images.shape[2:]))
    if not images.numel():
        return images.clone(memory_format=torch.contiguous_format)
    device = images.device
    most = at_once(images)
    kinds = [get(name) for name in draw.operations]
    result, position = images.contiguous(), torch.arange(len(images), device="cpu")
    for k in range(draw.operation.shape[1]):
        order, groups = _arrange(kinds, draw.operation[:, k].tolist(), draw.applied[:, k].tolist())
        # Images that are processed together become neighbours, so the rest works on slices.
        result = result.index_select(0, position[order].to(device))
        position[order] = torch.arange(len(images), device="cpu")
        # These stay on the CPU in float64; a kernel sends what it needs to the images' device.
        value, place = draw.value[order, k], draw.place[order, k]
        start = 0
        for group in groups:
            for first in range(0, len(group), most):
                part = group[first : first + most]
                here = slice(start, start + len(part))
                result[here] = _together(part, result[here], value[here], place[here])
                start = here.stop
    return result.index_select(0, position.to(device))


def apply_to_picture(image: Image.Image, choices: Sequence[Choice]) -> Image.Image:
    """`apply` for one PIL image, with Pillow's operations: the same bytes, several times as fast.

    Batched kernels are made for many images; calling one takes longer than Pillow needs for a whole
    small picture.

    Args:
        image: RGB or L; not modified.
        choices: what the draw chose for it (`Draw.choices`).
    """
    if not image.width or not image.height:
        return image.copy()
    for name, value, place in choices:
        kind = get(name)
        if kind.pillow is not None:
            image = kind.pillow(image, value, *([place] if kind.random_place else []))
            continue
        numbers = [
            torch.tensor([number], dtype=torch.float64, device="cpu") for number in (value, place)
        ]
        result = kind.kernel(
            to_tensor(image)[None], *(numbers if kind.random_place else numbers[:1])
        )
        image = to_picture(result[0])
    return image


def _arrange(
    kinds: Sequence[OperationType], operation: list[int], applied: list[bool]
) -> tuple[Tensor, list[list[OperationType]]]:
    """An order of the images that makes neighbours of those that are processed together.

    Images are processed together if their operations share their last step; they are sorted by
    operation. Their operations are returned too. Images that do not change come last.
    """
    last_step = [k.kernel.finish if isinstance(k.kernel, TwoStep) else k.name for k in kinds]
    groups: dict[object, dict[int, list[int]]] = {}
    untouched = []
    for row, (which, do) in enumerate(zip(operation, applied, strict=True)):
        if do:
            groups.setdefault(last_step[which], {}).setdefault(which, []).append(row)
        else:
            untouched.append(row)
    order = [row for group in groups.values() for rows in group.values() for row in rows]
    together = [[kinds[k] for k, rows in group.items() for _ in rows] for group in groups.values()]
    return torch.tensor(order + untouched, dtype=torch.long, device="cpu"), together


def _together(
    kinds: Sequence[OperationType], images: Tensor, values: Tensor, places: Tensor
) -> Tensor:
    """Apply to each image its operation; all operations share their last step."""
    kernels, counts = [], []
    for kind, same in groupby(kinds):
        if not isinstance(kind.kernel, TwoStep):
            return kind.kernel(images, values, *((places,) if kind.random_place else ()))
        kernels.append(kind.kernel)
        counts.append(len(list(same)))
    parts = zip(kernels, images.split(counts), values.split(counts), strict=True)
    parameters = [kernel.prepare(part, value) for kernel, part, value in parts]
    return kernels[0].finish(images, torch.cat(parameters))
