"""A policy for kornia: a Python file with a module of kornia's augmentations.

kornia's own AutoAugment draws a value from a tenth of a range, chooses all sub-policies equally
often, defines brightness, contrast and colour differently from Pillow, and has parameters that get
no gradient, which DistributedDataParallel refuses. The file therefore builds the sub-policies from
kornia's augmentations (kornia 0.8 and 0.9) with the policy's values and chances. It works on float
tensors (B, C, H, W) in [0, 1] and lets gradients through wherever kornia's augmentations do.
Differences were measured with both versions on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

import torch
from torchvision.transforms.v2 import functional as F

from dada.export.interface import Sample, Target
from dada.export.kornia_code import CODE, IMPORTS
from dada.export.steps import LEVELS, Step, Steps, resolve
from dada.export.templates import inlined, known
from dada.export.words import BORDERLINE, LIMITS, heading
from dada.extras import library
from dada.ops import get
from dada.policy import Policy

if TYPE_CHECKING:
    from PIL.Image import Image

_USAGE = """    images = augment(images)
    images, masks, boxes = augment(images, masks, boxes)  # or either of them, by name

It takes float images (B, C, H, W) or (C, H, W) in [0, 1], C of 1 or 3, on any device, and gives
each a sub-policy of its own. `Augment` makes further ones. They have no parameters.

Masks (B, H, W) and boxes (B, N, 4), x0, y0, x1, y1 in pixels, move with their images, and stay as
they are where Cutout hides them. A box of which too little is left becomes zeros."""

_KNOWN = known(CODE)
_ROUNDING = "{}: at most 1 grey level, 0.3 to 0.5 on average: bytes are rounded, not truncated"
_PIXELS = {
    **BORDERLINE,
    "AutoContrast": _ROUNDING.format("AutoContrast") + "; a channel of one level becomes black",
    "Contrast": _ROUNDING.format("Contrast"),
    "Color": _ROUNDING.format("Color"),
    "Brightness": _ROUNDING.format("Brightness"),
    "Sharpness": _ROUNDING.format("Sharpness"),
    "Cutout": "Cutout: the square is grey, level 121: at most 7 levels from dada's colour",
}


def _source(policy: Policy, ending: str) -> str:
    """The file: the policy as a table, kornia's augmentations at its values, and `augment`."""
    table = "".join(_rows(sub_policy) for sub_policy in resolve(policy))
    motion = inlined("dada.ops.moving", ("move_boxes", "IDENTITY"))
    docstring = f'"""{heading(policy, "kornia 0.8 or newer", _USAGE)}"""\n'
    return f"{docstring}{IMPORTS}{table}]\n{LIMITS}{CODE}\n\n{motion}"


def _rows(sub_policy: Steps) -> str:
    rows = "".join(
        f'            ("{step.name}", {step.probability!r}, {_values(step)!r}),\n'
        for step in sub_policy.steps
    )
    return f"    (\n        {sub_policy.chance!r},\n        [\n{rows}        ],\n    ),\n"


def _values(step: Step) -> tuple[float, ...]:
    """All that are equally likely; each once where both random signs give the same."""
    plus, minus = zip(*step.values, strict=True)
    if not get(step.name).has_magnitude:
        return ()
    values = plus if plus == minus else plus + minus
    return tuple(float(f"{value:.12g}") for value in values)


def _differences(policy: Policy) -> list[str]:
    """Where kornia's pixels or draws differ from `dada`'s, in grey levels of a photograph."""
    steps = [step for sub_policy in resolve(policy) for step in sub_policy.steps]
    names = {step.name for step in steps}
    found = []
    if any(len(step.magnitudes) > 1 for step in steps):
        found.append(f"a random magnitude is one of {LEVELS} equally likely ones")
    found.append("levels stay fractions: no operation rounds them to bytes")
    return found + [_PIXELS[name] for name in _KNOWN if name in names and name in _PIXELS]


def _load(text: str, ending: str) -> Callable[[Image], Image]:
    """The file at work on one PIL image; PyTorch's global generator draws.

    Raises:
        UserError: kornia is not installed.
    """
    augment = _run(text).augment

    def transform(image: Image) -> Image:
        return _picture(augment(F.pil_to_tensor(image).float() / 255))

    return transform


def _sample(text: str, ending: str) -> Callable[[Sample], Sample]:
    """The file at work on a sample."""
    augment = _run(text).augment

    def transform(sample: Sample) -> Sample:
        image = F.pil_to_tensor(sample.image).float() / 255
        beside = (torch.from_numpy(x.copy()) for x in (sample.mask, sample.boxes))
        image, mask, boxes = augment(image, *beside)
        return Sample(_picture(image), mask.numpy(), boxes.numpy())

    return transform


def _run(text: str) -> ModuleType:
    module = ModuleType("exported_policy")
    library("kornia", "the export to kornia")
    exec(compile(text, "<policy for kornia>", "exec"), module.__dict__)
    return module


def _picture(image: torch.Tensor) -> Image:
    # Rounded here, because torchvision's conversion stretches [0, 1] over 256 levels.
    found: Image = F.to_pil_image((image.clamp(0, 1) * 255).round().to(torch.uint8))
    return found


target = Target(
    name="kornia",
    what="a module of kornia's augmentations, for float batches",
    endings=(".py",),
    operations=_KNOWN,
    text_of=_source,
    differences_of=_differences,
    load_from=_load,
    moves="masks and boxes",
    sample_from=_sample,
)
