"""How close an exported file moves masks and boxes to where `dada` moves them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from dada.errors import UserError
from dada.export import target
from dada.export.fidelity import MAGNITUDES, fixed_randomness, photographs
from dada.export.interface import Sample
from dada.ops import get, names
from dada.ops.moving import move_boxes, move_masks
from dada.policy import Operation, Policy, Scale, SubPolicy
from dada.tasks.detection import kept

_BOXES = 12
_SHADES = 64  # of grey: each is a class of the mask


def samples() -> list[Sample]:
    """The photographs of `dada.export.fidelity.photographs`, with masks and boxes.

    The classes of a mask are four ranges of grey from dark to light, so that their borders are as
    fine as the picture. The boxes are random, from 2 pixels across to the whole image.
    """
    return [_sample(image) for image in photographs()]


def motion(to: str, magnitudes: Sequence[float] = MAGNITUDES) -> list[dict[str, Any]]:
    """Compare where an exported file moves masks and boxes with where `dada` does.

    Each policy is one operation that moves or hides pixels and is always applied, or Rotate and
    ShearX one after the other. The file draws the random signs, so the nearest of our results
    counts, by its mask.

    Args:
        to: one of `dada.export.TARGETS`.
        magnitudes: in [0, 1].

    Returns:
        Rows of plain data, one per policy, magnitude and image: ``operation`` and ``magnitude``;
        ``iou``, the intersection over union of masks, as a mean over the classes; ``corner``, the
        largest difference of a coordinate, in pixels, over the boxes that both keep, None where
        there are none; ``boxes``, and how many of them one keeps and the other drops, ``unlike``.
        A box is kept by the rule of `dada.tasks.detection`, or by the library's.

    Raises:
        UserError: no such target, or the target's library is missing, or it takes pictures alone.

    Examples:
        >>> rows = motion("torchvision", magnitudes=[0.8])
        >>> {row["operation"] for row in rows if row["iou"] < 1 or row["corner"] > 0}
        set()
    """
    chosen = target(to)
    if chosen.sample_from is None:
        raise UserError(f"{to}: {chosen.motion}, no masks and no boxes")
    alone = [(name,) for name in names() if get(name).spatial and name in chosen.operations]
    rows, given = [], samples()
    with fixed_randomness():
        for chain, magnitude in product([*alone, ("Rotate", "ShearX")], magnitudes):
            steps = tuple(Operation(name, 1.0, float(magnitude)) for name in chain)
            at_work = chosen.sample_from(
                chosen.source(Policy((SubPolicy(steps),))), chosen.endings[0]
            )
            head = {"operation": ", ".join(chain), "magnitude": magnitude}
            rows += [head | _nearest(chain, magnitude, s, at_work(s)) for s in given]
    return rows


def _sample(image: Image.Image) -> Sample:
    mask = np.asarray(image.convert("L")) // _SHADES
    draw = np.random.default_rng(0)
    corners = np.sort(draw.random((_BOXES, 2, 2)), axis=1) * image.size
    corners[:, 1] = np.minimum(np.maximum(corners[:, 1], corners[:, 0] + 2), image.size)
    corners[0] = (0, 0), image.size
    return Sample(image, mask, corners.reshape(_BOXES, 4))


def _nearest(
    chain: Sequence[str], magnitude: float, before: Sample, after: Sample
) -> dict[str, float | None]:
    """The numbers beside the nearest of our results."""
    signs = product(*(dict.fromkeys(Scale().values(get(name), magnitude)) for name in chain))
    every = [_compared(before, after, _maps(chain, values, before)) for values in signs]
    return max(every, key=lambda found: float(found["iou"] or 0))


def _maps(chain: Sequence[str], values: Sequence[float], sample: Sample) -> Tensor:
    """(1, K, 6) as for `move_masks`."""
    size = torch.empty(1, 1, *sample.mask.shape)
    kinds = [(get(name).affine_map, value) for name, value in zip(chain, values, strict=True)]
    found = [of(size, torch.tensor([v], dtype=torch.float64)) for of, v in kinds if of]
    return torch.stack(found, 1) if found else torch.empty(1, 0, 6, dtype=torch.float64)


def _compared(before: Sample, after: Sample, maps: Tensor) -> dict[str, float | None]:
    mask = move_masks(torch.from_numpy(before.mask.copy())[None, None], maps)[0, 0].numpy()
    moved, left = move_boxes(torch.from_numpy(before.boxes)[None], maps, before.mask.shape)
    boxes, ours = moved[0].numpy(), kept(moved, left)[0].numpy()
    theirs = (after.boxes[:, 2:] > after.boxes[:, :2]).all(1)
    both = ours & theirs
    corner = np.abs(boxes - after.boxes)[both].max() if both.any() else None
    return {
        "iou": _overlap(mask, after.mask),
        "corner": None if corner is None else float(corner),
        "boxes": len(boxes),
        "unlike": int((ours != theirs).sum()),
    }


def _overlap(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> float:
    """Intersection over union, as a mean over all classes that there are."""
    each = [(ours == kind, theirs == kind) for kind in np.union1d(ours, theirs)]
    return float(np.mean([(a & b).sum() / (a | b).sum() for a, b in each]))
