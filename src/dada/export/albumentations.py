"""A file for albumentations 2.0: a policy in the dictionaries that albumentations writes itself.

As Python it checks the library that loads it, and seeds itself. As JSON or YAML, for
`albumentations.load`, it cannot.

Classes and arguments are those of albumentations 2.0.8. Its `OneOf` picks a transform by its
``p``, divided by the sum over all, and applies the one it picked whatever its ``p``. So a
sub-policy is a `Sequential` whose ``p`` is its chance, and a random sign is a `OneOf` of two.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image

from dada.errors import UserError
from dada.export.interface import Target
from dada.export.python import run
from dada.export.steps import Step, Steps, resolve
from dada.export.templates import fill
from dada.export.words import heading
from dada.policy import Policy

LEVELS = 5
"""How many equally likely magnitudes stand for a random one."""

_USAGE = """    augment = Augment()  # an albumentations.Compose
    image = augment(image=image)["image"]  # a uint8 array (H, W, 3), (H, W, 1) or (H, W)"""

_UNCHECKED = (
    "JSON and YAML cannot check what reads them: AlbumentationsX, which is imported as "
    "albumentations too, overlooks factors and only warns of it, and before 2.0.3 there is no "
    "AutoContrast like Pillow's",
    "from JSON and YAML a seed of Compose gives every transform the same random numbers, so that "
    "signs and choices depend on each other, and DataLoader's workers draw alike: seed by "
    "set_random_state, which all transforms share, in worker_init_fn too",
)

Transform = dict[str, Any]


def _source(policy: Policy, ending: str) -> str:
    """The text of a Python file with ``Augment``, or of one that ``albumentations.load`` reads.

    YAML contains JSON, and numbers are written so that PyYAML takes them for numbers.
    """
    rows = [_sub_policy(s) for s in resolve(policy, LEVELS)]
    chosen = _make("OneOf", transforms=rows)
    whole = _make("Compose", transforms=[chosen])
    if ending == ".py":
        needs = "albumentations 2.0.3 to 2.0.8"
        return fill(
            "albumentations", heading(policy, needs, _USAGE), {"TRANSFORM": _text(whole, repr)}
        )
    text = f'{{"__version__": "2.0.8", "transform": {_text(whole, json.dumps)}}}\n'
    return re.sub(r"(?<![.\d])(\d+)e-", r"\1.0e-", text)


def _differences(policy: Policy) -> list[str]:
    """What albumentations does otherwise, for each operation of the policy.

    The numbers are measured with albumentations 2.0.8 on photographs of 64 × 64 pixels.
    """
    steps = [step for sub_policy in resolve(policy, LEVELS) for step in sub_policy.steps]
    names = list(dict.fromkeys(step.name for step in steps))
    negative = {s.name for s in steps if s.name in _FACTORS and min(map(min, s.values)) < 0}
    spread = any(len(step.magnitudes) > 1 for step in steps)
    return [
        *(f"{name}: {_DIFFERENCES[name]}" for name in names if name in _DIFFERENCES),
        *(f"{name}: a factor below 0 counts as 0" for name in sorted(negative)),
        *([f"a random magnitude is one of {LEVELS} equally likely ones"] * spread),
        *_UNCHECKED,
    ]


def _load(text: str, ending: str) -> Callable[[Image.Image], Image.Image]:
    """The file at work, with random numbers that `random.seed` fixes before the first image.

    Raises:
        UserError: albumentations is not installed, or another version of it.
    """
    try:
        import_module("albumentations")
    except ImportError:
        raise UserError(
            "albumentations is missing: pip install 'dada-augment[albumentations]'"
        ) from None
    if ending != ".py":  # in the file of Python it is checked
        table = repr(json.loads(text)["transform"])
        text = fill("albumentations", "A policy.", {"TRANSFORM": table})
    try:
        transform = run(text)["Augment"]()
    except ImportError as error:
        raise UserError(str(error)) from None

    def augment(image: Image.Image) -> Image.Image:
        return Image.fromarray(transform(image=np.array(image))["image"])

    return augment


# The structure.


def _make(name: str, **arguments: Any) -> Transform:
    return {"__class_fullname__": name, "p": 1.0, **arguments}


def _sub_policy(sub_policy: Steps) -> Transform:
    steps = [_step(step) for step in sub_policy.steps]
    return _make("Sequential", transforms=steps) | {"p": sub_policy.chance}


def _step(step: Step) -> Transform:
    values = Counter(value for pair in step.values for value in pair)
    choices = [
        _TRANSFORMS[step.name](value) | {"p": count / values.total()}
        for value, count in values.items()
    ]
    one = choices[0] if len(choices) == 1 else _make("OneOf", transforms=choices)
    return one | {"p": step.probability}


def _text(transform: Transform, write: Callable[[object], str], indent: str = "") -> str:
    """JSON or Python, as `write` gives it, with a line for each transform."""
    if "transforms" not in transform:
        return write(transform)
    head = write({k: v for k, v in transform.items() if k != "transforms"})
    inner = ",\n".join(f"{indent} {_text(t, write, indent + ' ')}" for t in transform["transforms"])
    quoted = write("transforms")
    return f"{head[:-1]}, {quoted}: [\n{inner}\n{indent}]}}"


# The operations: from a value in its real unit to what comes nearest to it.


def _affine(**arguments: Any) -> Transform:
    return _make("Affine", interpolation=0, border_mode=0, fill=0, **arguments)


def _margin(**sides: Any) -> Transform:
    """Black around the image in ``percent`` or ``px``: top, right, bottom, left; negative crops."""
    return _make("CropAndPad", keep_size=False, fill=0, **sides)


def _shear(value: float, x: float, y: float) -> Transform:
    # Albumentations shears about the centre. With a margin as large as the image the centre lies
    # on the edge about which we shear. A translation instead would be truncated to whole pixels.
    angle = math.degrees(math.atan(value))
    parts = [
        _margin(percent=[x, 0.0, 0.0, y]),
        _affine(shear={"x": [angle * x] * 2, "y": [angle * y] * 2}),
        _margin(percent=[-x / 2, 0.0, 0.0, -y / 2]),
    ]
    return _make("Sequential", transforms=parts)


def _translate(value: float, x: int, y: int) -> Transform:
    if value == 0:
        return _make("NoOp")
    # Albumentations truncates to whole pixels what Pillow rounds. A fraction of a side that is
    # longer by 0.5 / fraction is half a pixel more, so that the one becomes the other, nearly.
    longer = min(50, round(0.5 / abs(value)))
    parts = [
        _margin(px=[0, longer * x, longer * y, 0]),
        _affine(translate_percent={"x": [-value * x] * 2, "y": [-value * y] * 2}),
        _margin(px=[0, -longer * x, -longer * y, 0]),
    ]
    return _make("Sequential", transforms=parts)


def _jitter(**factor: float) -> Transform:
    same = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0}
    each = {name: [max(0.0, v)] * 2 for name, v in (same | factor).items()}
    return _make("ColorJitter", **each)


def _sharpness(value: float) -> Transform:
    if value == 1:
        return _make("NoOp")
    if value > 1:
        # The kernel 1 − α, plus α times (−1 around 9): Pillow's smoothing, taken away.
        return _make("Sharpen", alpha=[min(1.0, (value - 1) / 13)] * 2, lightness=[1.0, 1.0])
    # A Gaussian kernel of 3 × 3 with the variance of Pillow's blend: weights a, 1, a.
    variance = 6 * (1 - max(0.0, value)) / 13
    sigma = math.sqrt(-0.5 / math.log(variance / (2 * (1 - variance))))
    return _make("GaussianBlur", blur_limit=[3, 3], sigma_limit=[sigma, sigma])


def _solarize(value: float) -> Transform:
    if value > 255:
        return _make("NoOp")
    # Halfway between two whole numbers, where no rounding matters.
    return _make("Solarize", threshold_range=[max(0.0, (math.ceil(value) - 0.5) / 255)] * 2)


def _posterize(value: float) -> Transform:
    bits = min(8, max(1, int(value)))
    return _make("Posterize", num_bits=[bits, bits]) if bits < 8 else _make("NoOp")


def _cutout(value: float) -> Transform:
    if value <= 0:
        return _make("NoOp")
    side = [min(value, 0.999)] * 2  # from 1 on it would be pixels
    return _make(
        "CoarseDropout",
        num_holes_range=[1, 1],
        hole_height_range=side,
        hole_width_range=side,
        fill=[125, 123, 114],
    )


_TRANSFORMS: dict[str, Callable[[float], Transform]] = {
    "ShearX": lambda v: _shear(v, 1.0, 0.0),
    "ShearY": lambda v: _shear(v, 0.0, 1.0),
    "TranslateX": lambda v: _translate(v, 1, 0),
    "TranslateY": lambda v: _translate(v, 0, 1),
    "Rotate": lambda v: _affine(rotate=[v, v]),
    "AutoContrast": lambda _: _make("AutoContrast", method="pil"),
    "Invert": lambda _: _make("InvertImg"),
    "Equalize": lambda _: _make("Equalize", mode="cv"),
    "Solarize": _solarize,
    "Posterize": _posterize,
    "Contrast": lambda v: _jitter(contrast=v),
    "Color": lambda v: _jitter(saturation=v),
    "Brightness": lambda v: _jitter(brightness=v),
    "Sharpness": _sharpness,
    "Cutout": _cutout,
}

_NEIGHBOUR = (
    "at the border between two pixels OpenCV may take the other: up to {} of the bytes differ"
)
_ROUNDED = "rounded to whole pixels at other fractions than in Pillow: one pixel off at some sizes"

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
    "the width and of the height; from JSON and YAML images must have three channels",
}
_FACTORS = ("Contrast", "Color", "Brightness", "Sharpness")


target = Target(
    name="albumentations",
    what="a Compose, or a file for albumentations.load",
    endings=(".py", ".json", ".yaml"),
    operations=_TRANSFORMS,
    text_of=_source,
    differences_of=_differences,
    load_from=_load,
)
