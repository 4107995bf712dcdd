"""One file with a torchvision v2 transform, which moves what belongs to an image as we do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torchvision import tv_tensors

from dada.errors import UserError
from dada.export.interface import Sample, Target
from dada.export.python import USAGE, run, tables
from dada.export.templates import fill, operations
from dada.export.words import FACTORS, heading, used
from dada.ops import get
from dada.policy import Policy

# Image tensors only: PIL images go through Pillow.
_TENSORS = {
    "AutoContrast": "the stretched value is rounded in single precision",
    "Contrast": "the mean grey is not rounded",
    "Color": "the grey image has other weights and is rounded down",
    "Sharpness": "image and smoothed image are blended in another order",
}
_USAGE = f"""{USAGE}

It takes PIL images, uint8 tensors (C, H, W), batches (B, C, H, W) with a draw for each image,
NumPy arrays (H, W, C), and samples of an image with boxes, masks and points of
torchvision.tv_tensors, which move with it, also where Cutout covers them. A box becomes the one
around what is left of it, and stays even if that is nothing: v2.SanitizeBoundingBoxes(min_size=1)
drops boxes of less than a pixel with their labels."""


def _source(policy: Policy, ending: str) -> str:
    """The file: the policy's table, the operations in it and no others, and ``Augment``.

    Raises:
        UserError: bounds that make a factor negative, which torchvision refuses.
    """
    written = tables(policy, "torchvision")
    for name in sorted(used(policy).intersection(FACTORS)):
        lowest = min(v for m in (0.0, 1.0) for v in policy.scale.values(get(name), m))
        if lowest < 0:
            raise UserError(
                f"{name} goes down to a factor of {lowest:.3g}: torchvision takes no negative ones"
            )
    return fill("torchvision", heading(policy, "torchvision 0.23 or newer", _USAGE), written)


def _differences(policy: Policy) -> list[str]:
    """Where image tensors differ from PIL images, and what stays as it is."""
    names = used(policy)
    said = [
        f"{name}: image tensors and arrays may differ by 1 grey level ({why}); PIL images do not"
        for name, why in _TENSORS.items()
        if name in names
    ]
    if "Cutout" in names:
        said.append("Cutout leaves boxes and masks as they are, also where it covers them")
    return said


def _load(text: str, ending: str) -> Callable[[Any], Any]:
    """The file at work: its ``Augment()``, of PIL images, tensors or samples."""
    augment: Callable[[Any], Any] = run(text)["Augment"]()
    return augment


def _sample(text: str, ending: str) -> Callable[[Sample], Sample]:
    """The file at work on a sample of tv_tensors."""
    augment = _load(text, ending)

    def transform(sample: Sample) -> Sample:
        mask = tv_tensors.Mask(torch.from_numpy(sample.mask.copy()))
        boxes = tv_tensors.BoundingBoxes(
            torch.from_numpy(sample.boxes.copy()),
            format="XYXY",
            canvas_size=sample.mask.shape,
        )
        image, mask, boxes = augment((sample.image, mask, boxes))
        return Sample(image, mask.numpy(), boxes.numpy())

    return transform


target = Target(
    name="torchvision",
    what="a v2 transform",
    endings=(".py",),
    operations=operations("torchvision"),
    text_of=_source,
    differences_of=_differences,
    load_from=_load,
    moves="masks, boxes and key points",
    sample_from=_sample,
)
