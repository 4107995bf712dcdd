"""A file for timm: its own AutoAugment and AugmentOp at the levels that mean a policy's values.

Levels are those of timm/data/auto_augment.py in timm 1.0. Pillow does the work there as here, so
a value that a level can express gives the same bytes. What a level cannot express, a class in the
file does: `Drawn` hands timm's operation a value of ours, `Cutout` is one that timm lacks,
`Augment` chooses by weight and refuses anything but PIL images.
"""

from __future__ import annotations

from collections.abc import Callable
from textwrap import fill
from typing import Any

from PIL import Image

from dada.export.interface import Target
from dada.export.timm_code import ALWAYS, CLASSES, DRAW, HPARAMS
from dada.export.timm_levels import TIMM_OPERATIONS
from dada.export.words import ALONE, heading
from dada.extras import library
from dada.ops import OperationType, get
from dada.policy import Operation, Policy, Scale, SubPolicy

_USAGE = f"""    image = augment(image)  # a PIL image of mode RGB or L
    add_to(loader)          # or into the transform of timm's create_loader, in its place

Its place is after crop and flip and before the conversion to tensors. Randomness is that of
`random`, which DataLoader seeds in every worker.

{ALONE}"""


def _source(policy: Policy, ending: str) -> str:
    """The text of a file that defines ``augment``, one PIL image in and one out."""
    chosen = [s for s in policy.leading() if s.weight > 0]
    made = f"POLICY = [\n{''.join(_row(policy.scale, s) for s in chosen)}]\n"
    weights = [s.weight for s in chosen]
    if len(set(weights)) == 1:
        made += "\naugment = Augment(POLICY)\n"
    else:
        made += f"WEIGHTS = [\n{_wrapped(weights)}\n]\n\naugment = Augment(POLICY, WEIGHTS)\n"
    classes = [text for word, text in CLASSES.items() if f"{word}(" in made]
    if any("draw(" in text for text in classes):
        classes.insert(0, DRAW)
    docstring = f'"""{heading(policy, "timm 1.0 or newer", _USAGE)}"""\n\n'
    imports = _imports("".join(classes))
    return docstring + imports + "\n\n".join([HPARAMS, *classes, ALWAYS, made])


def _differences(policy: Policy) -> list[str]:
    """None: what timm's levels cannot express, the file does itself."""
    return []


def _load(text: str, ending: str) -> Callable[[Image.Image], Image.Image]:
    """The ``augment`` of the file.

    Raises:
        UserError: timm is not installed.
    """
    library("timm", "the export to timm")
    names: dict[str, Any] = {"__name__": "dada_policy"}
    exec(compile(text, "<policy for timm>", "exec"), names)
    augment: Callable[[Image.Image], Image.Image] = names["augment"]
    return augment


def _row(scale: Scale, sub_policy: SubPolicy) -> str:
    calls = "".join(f"        {_call(scale, o)},\n" for o in sub_policy.operations)
    return f"    [\n{calls}    ],\n"


def _wrapped(weights: list[float]) -> str:
    numbers = ", ".join(map(repr, weights))
    return fill(f"{numbers},", 100, initial_indent="    ", subsequent_indent="    ")


def _imports(classes: str) -> str:
    """Of what the classes use, and of what every file does."""
    standard = ["import math\n"] * ("math." in classes) + ["import random\n"]
    pillow = "Image, ImageDraw" if "ImageDraw" in classes else "Image"
    return (
        "".join(standard) + f"\nfrom PIL import {pillow}\n"
        "from timm.data.auto_augment import AugmentOp, AutoAugment\n\n"
    )


def _call(scale: Scale, operation: Operation) -> str:
    """The expression that makes timm's operation; ours where no level has the value."""
    kind = get(operation.name)
    probability = operation.probability
    if not kind.has_magnitude:
        return f'AugmentOp("{_NAMES[kind.name]}", {probability}, 0, HPARAMS)'
    if not operation.spread:
        plus, minus = scale.values(kind, operation.magnitude)
        said = _said(kind.name, plus, minus)
        if said is not None:
            return said.format(probability=probability)
    return _drawn(scale, kind, operation)


def _drawn(scale: Scale, kind: OperationType, operation: Operation) -> str:
    different = tuple(dict.fromkeys(scale.lines(kind)))
    how = f"{operation.probability}, {operation.magnitude}, {operation.spread}, {different}"
    name = _NAMES[kind.name]
    return f"{name}({how})" if name in CLASSES else f'Drawn("{name}", {how})'


def _said(name: str, plus: float, minus: float) -> str | None:
    """timm's own operation with the values under the two random signs, if a level has them."""
    if name in ("TranslateX", "TranslateY") and plus == -minus:
        # Level 10 is all of translate_pct: to the last bit, where a level of 0.45 may miss it.
        hparams = f"dict(HPARAMS, translate_pct={abs(plus)})"
        return f'AugmentOp("{name}Rel", {{probability}}, 10, {hparams})'
    for timms in TIMM_OPERATIONS.get(name, ()):
        level = timms.level(plus, minus)
        if level is not None:
            return f'AugmentOp("{timms.name}", {{probability}}, {level}, HPARAMS)'
    return None


_NAMES = {
    "ShearX": "ShearX",
    "ShearY": "ShearY",
    "TranslateX": "TranslateXRel",
    "TranslateY": "TranslateYRel",
    "Rotate": "Rotate",
    "AutoContrast": "AutoContrast",
    "Invert": "Invert",
    "Equalize": "Equalize",
    "Solarize": "Solarize",
    "Posterize": "PosterizeOriginal",
    "Contrast": "Contrast",
    "Color": "Color",
    "Brightness": "Brightness",
    "Sharpness": "Sharpness",
    "Cutout": "Cutout",
}
"""What timm calls the operation that takes our value as it is; Cutout is the file's own."""


target = Target(
    name="timm",
    what="timm's own AutoAugment of AugmentOps",
    endings=(".py",),
    operations=_NAMES,
    text_of=_source,
    differences_of=_differences,
    load_from=_load,
)
