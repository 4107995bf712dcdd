"""A file for albumentations 2.0: a policy in the dictionaries that albumentations writes itself.

As Python it checks the library that loads it, and seeds itself. As JSON or YAML, for
`albumentations.load`, it cannot.

Classes and arguments are those of albumentations 2.0.8. Its `OneOf` picks a transform by its
``p``, divided by the sum over all, and applies the one it picked whatever its ``p``. So a
sub-policy is a `Sequential` whose ``p`` is its chance, and a random sign is a `OneOf` of two.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from dada.errors import UserError
from dada.export.albumentations_transforms import TRANSFORMS, Transform, make
from dada.export.interface import Sample, Target
from dada.export.python import run
from dada.export.steps import LEVELS, Step, Steps, resolve
from dada.export.templates import fill
from dada.export.words import FACTORS, around_corners, heading
from dada.extras import library
from dada.policy import Policy
from dada.tasks.detection import LEAST_LEFT, LEAST_SIDE

_USAGE = """    augment = Augment()  # an albumentations.Compose
    image = augment(image=image)["image"]  # a uint8 array (H, W, 3), (H, W, 1) or (H, W)

    boxes = A.BboxParams("pascal_voc", label_fields=["labels"], min_visibility=0.25)
    augment = Augment(bbox_params=boxes)
    moved = augment(image=image, mask=mask, bboxes=bboxes, labels=labels)

Masks, boxes and points move with the image, and stay as they are where Cutout covers them. Boxes of
which less than a quarter is left are dropped by min_visibility."""

_UNCHECKED = (
    "JSON and YAML cannot check the library that reads them: AlbumentationsX, which is imported as "
    "albumentations too, ignores factors with only a warning, and versions before 2.0.3 have no "
    "AutoContrast like Pillow's",
    "with JSON and YAML the seed of Compose gives every transform the same random numbers, so that "
    "signs and choices depend on each other, and DataLoader's workers all draw the same: seed with "
    "set_random_state, which all transforms share, in worker_init_fn too",
)


def _source(policy: Policy, ending: str) -> str:
    """The text of a Python file with ``Augment``, or of one that ``albumentations.load`` reads.

    YAML contains JSON, and numbers are written so that PyYAML takes them for numbers.
    """
    rows = [_sub_policy(s) for s in resolve(policy)]
    chosen = make("OneOf", transforms=rows)
    whole = make("Compose", transforms=[chosen])
    if ending == ".py":
        needs = "albumentations 2.0.3 to 2.0.8"
        return fill(
            "albumentations", heading(policy, needs, _USAGE), {"TRANSFORM": _text(whole, repr)}
        )
    text = f'{{"__version__": "2.0.8", "transform": {_text(whole, json.dumps)}}}\n'
    return re.sub(r"(?<![.\d])(\d+)e-", r"\1.0e-", text)


def _differences(policy: Policy) -> list[str]:
    """Where albumentations differs from `dada`, for each operation of the policy.

    The numbers were measured with albumentations 2.0.8 on photographs of 64 × 64 pixels.
    """
    steps = [step for sub_policy in resolve(policy) for step in sub_policy.steps]
    names = list(dict.fromkeys(step.name for step in steps))
    negative = {s.name for s in steps if s.name in FACTORS and min(map(min, s.values)) < 0}
    spread = any(len(step.magnitudes) > 1 for step in steps)
    return [
        *(f"{name}: {_DIFFERENCES[name]}" for name in names if name in _DIFFERENCES),
        *(f"{name}: a factor below 0 counts as 0" for name in sorted(negative)),
        *([f"a random magnitude is one of {LEVELS} equally likely ones"] * spread),
        *around_corners(policy),
        *_UNCHECKED,
    ]


def _load(text: str, ending: str) -> Callable[[Image.Image], Image.Image]:
    """The file at work; `random.seed` before the first image fixes its random numbers.

    Raises:
        UserError: albumentations is not installed, or another version of it.
    """
    transform = _run(text, ending)

    def augment(image: Image.Image) -> Image.Image:
        return Image.fromarray(transform(image=np.array(image))["image"])

    return augment


def _sample(text: str, ending: str) -> Callable[[Sample], Sample]:
    """The file at work on a sample; boxes are dropped by the rule of `dada.tasks.detection`."""
    limits = {"min_visibility": LEAST_LEFT, "min_width": LEAST_SIDE, "min_height": LEAST_SIDE}
    boxes = {"format": "pascal_voc", "label_fields": ["rows"], **limits}
    transform = _run(text, ending, bbox_params=boxes)

    def augment(sample: Sample) -> Sample:
        moved = transform(
            image=np.array(sample.image),
            mask=sample.mask,
            bboxes=sample.boxes,
            rows=np.arange(len(sample.boxes)),
        )
        boxes = np.zeros_like(sample.boxes)
        boxes[np.asarray(moved["rows"], dtype=int)] = moved["bboxes"]
        return Sample(Image.fromarray(moved["image"]), moved["mask"], boxes)

    return augment


def _run(text: str, ending: str, **arguments: Any) -> Any:
    """The file's ``Augment``, made with the arguments."""
    library("albumentations", "the export to albumentations")
    if ending != ".py":  # in the file of Python it is checked
        table = repr(json.loads(text)["transform"])
        text = fill("albumentations", "A policy.", {"TRANSFORM": table})
    try:
        return run(text)["Augment"](**arguments)
    except ImportError as error:
        raise UserError(str(error)) from None


def _sub_policy(sub_policy: Steps) -> Transform:
    steps = [_step(step) for step in sub_policy.steps]
    return make("Sequential", transforms=steps) | {"p": sub_policy.chance}


def _step(step: Step) -> Transform:
    values = Counter(value for pair in step.values for value in pair)
    choices = [
        TRANSFORMS[step.name](value) | {"p": count / values.total()}
        for value, count in values.items()
    ]
    one = choices[0] if len(choices) == 1 else make("OneOf", transforms=choices)
    return one | {"p": step.probability}


def _text(transform: Transform, write: Callable[[object], str], indent: str = "") -> str:
    """JSON or Python, as `write` gives it, with a line for each transform."""
    if "transforms" not in transform:
        return write(transform)
    head = write({k: v for k, v in transform.items() if k != "transforms"})
    inner = ",\n".join(f"{indent} {_text(t, write, indent + ' ')}" for t in transform["transforms"])
    quoted = write("transforms")
    return f"{head[:-1]}, {quoted}: [\n{inner}\n{indent}]}}"


_NEIGHBOUR = (
    "on the border between two pixels OpenCV may take the other one: up to {} of the bytes differ"
)
_ROUNDED = "rounds to whole pixels at other fractions than Pillow: one pixel off at some sizes"

_DIFFERENCES = {
    "ShearX": _NEIGHBOUR.format("2 %"),
    "ShearY": _NEIGHBOUR.format("2 %"),
    "TranslateX": _ROUNDED,
    "TranslateY": _ROUNDED,
    "Rotate": _NEIGHBOUR.format("1 %"),
    "AutoContrast": "rounds where Pillow truncates, and does not count white (255) as an extreme",
    "Equalize": "OpenCV's formula: bytes differ by about 4 on average, by up to 35",
    "Contrast": "rounds where Pillow truncates: bytes differ by up to 1",
    "Color": "rounds twice where Pillow truncates: bytes differ by up to 2",
    "Sharpness": "changes the outermost pixels too, and is a Gaussian blur for factors below 1: "
    "bytes differ by about 1 on average",
    "Cutout": "the square lies wholly inside the image, and its sides are truncated fractions of "
    "the width and of the height; with JSON and YAML, images must have three channels, "
    "and boxes that it covers shrink or are dropped",
}


target = Target(
    name="albumentations",
    what="a Compose, or a file for albumentations.load",
    endings=(".py", ".json", ".yaml"),
    operations=TRANSFORMS,
    text_of=_source,
    differences_of=_differences,
    load_from=_load,
    moves="masks, boxes and key points",
    sample_from=_sample,
)
