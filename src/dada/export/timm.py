"""A file for timm: its own AutoAugment and AugmentOp at the levels that mean a policy's values.

Levels are those of timm/data/auto_augment.py in timm 1.0. Pillow does the work there as here, so
a value that a level can say gives the same bytes. What a level cannot say, a class in the file
does: `Drawn` hands timm's operation a value of ours, `Cutout` is one that timm lacks, `Augment`
chooses by weight and refuses what is no PIL image.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from textwrap import fill
from typing import Any

from PIL import Image

from dada.errors import UserError
from dada.export.interface import Target
from dada.export.timm_levels import SAYINGS
from dada.export.words import heading
from dada.ops import OperationType, get
from dada.policy import Operation, Policy, Scale, SubPolicy


def _source(policy: Policy, ending: str) -> str:
    """The text of a file that defines ``augment``, one PIL image in and one out."""
    chosen = [s for s in policy.leading() if s.weight > 0]
    made = f"POLICY = [\n{''.join(_row(policy.scale, s) for s in chosen)}]\n"
    weights = [s.weight for s in chosen]
    if len(set(weights)) == 1:
        made += "\naugment = Augment(POLICY)\n"
    else:
        made += f"WEIGHTS = [\n{_wrapped(weights)}\n]\n\naugment = Augment(POLICY, WEIGHTS)\n"
    classes = [text for word, text in _CLASSES.items() if f"{word}(" in made]
    if any("draw(" in text for text in classes):
        classes.insert(0, _DRAW)
    docstring = f'"""{heading(policy, "timm 1.0 or newer", _USAGE)}"""\n\n'
    imports = _imports("".join(classes))
    return docstring + imports + "\n\n".join([_HPARAMS, *classes, _ALWAYS, made])


def _differences(policy: Policy) -> list[str]:
    """None: what timm's levels cannot say, the file does itself."""
    return []


def _load(text: str, ending: str) -> Callable[[Image.Image], Image.Image]:
    """The ``augment`` of the file.

    Raises:
        UserError: timm is not installed.
    """
    if find_spec("timm") is None:
        raise UserError("timm is missing: pip install 'dada-augment[timm]'")
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


# One operation.


def _call(scale: Scale, operation: Operation) -> str:
    """The expression that makes timm's operation; ours where no level says the value."""
    kind = get(operation.name)
    probability = operation.probability
    if not kind.has_magnitude:
        return f'AugmentOp("{kind.name}", {probability}, 0, HPARAMS)'
    if kind.name != "Cutout" and not operation.spread:
        plus, minus = scale.values(kind, operation.magnitude)
        said = _said(kind.name, plus, minus)
        if said is not None:
            return said.format(probability=probability)
    return _drawn(scale, kind, operation)


def _drawn(scale: Scale, kind: OperationType, operation: Operation) -> str:
    different = tuple(dict.fromkeys(scale.lines(kind)))
    how = f"{operation.probability}, {operation.magnitude}, {operation.spread}, {different}"
    return f"Cutout({how})" if kind.name == "Cutout" else f'Drawn("{_NAMES[kind.name]}", {how})'


def _said(name: str, plus: float, minus: float) -> str | None:
    """timm's own operation with the values under the two random signs, if a level says them."""
    if name.startswith("Translate") and plus == -minus:
        # Level 10 is all of translate_pct: to the last bit, where a level of 0.45 may miss it.
        hparams = f"dict(HPARAMS, translate_pct={abs(plus)})"
        return f'AugmentOp("{name}Rel", {{probability}}, 10, {hparams})'
    for timms in SAYINGS.get(name, ()):
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


# The file.

_USAGE = """    image = augment(image)  # a PIL image of mode RGB or L
    add_to(loader)          # or into the transform of timm's create_loader, in its place

Its place is after crop and flip and before the conversion to tensors. Randomness is that of
`random`, which DataLoader seeds in every worker."""

_HPARAMS = """\
# The nearest pixel, and black outside, in colour and in grey.
HPARAMS = {"interpolation": Image.Resampling.NEAREST, "img_mean": 0}
"""

_DRAW = '''\
def draw(magnitude, spread, lines):
    """The value of one image: offset + slope * magnitude, of lines that are equally likely.

    With a spread the magnitude is sigmoid(logit(magnitude) + spread * standard logistic noise).
    """
    if spread:
        inside = (min(max(x, 1e-12), 1 - 1e-12) for x in (magnitude, random.random()))
        logit, noise = (math.log(x / (1 - x)) for x in inside)
        magnitude = 0.5 + 0.5 * math.tanh((logit + spread * noise) / 2)
    offset, slope = random.choice(lines)
    return offset + slope * magnitude
'''

_CLASSES = {
    "Drawn": '''\
class Drawn(AugmentOp):
    """timm's operation, at values that its levels cannot say."""

    def __init__(self, name, prob, magnitude, spread, lines):
        super().__init__(name, prob, magnitude, HPARAMS)
        self.spread, self.lines = spread, lines
        self.level_fn = self.argument

    def argument(self, magnitude, hparams):
        value = draw(magnitude, self.spread, self.lines)
        return (max(1, int(value)) if self.name == "PosterizeOriginal" else value,)
''',
    "Cutout": '''\
class Cutout:
    """A square at a random place, its side a fraction of the width, in ImageNet's mean colour."""

    def __init__(self, prob, *how):
        self.prob, self.how = prob, how

    def __call__(self, image):
        side = draw(*self.how) * image.width
        if random.random() >= self.prob or side <= 0:
            return image
        x = int(max(0, random.random() * image.width - side / 2))
        y = int(max(0, random.random() * image.height - side / 2))
        ends = min(image.width, x + side), min(image.height, y + side)
        image = image.copy()
        fill = 123 if image.mode == "L" else (125, 123, 114)
        ImageDraw.Draw(image).rectangle((x, y, *ends), fill=fill)
        return image
''',
}
"""What a file may need of its own, by the word that calls it, in the order of the file."""

_ALWAYS = '''\
class Augment(AutoAugment):
    """timm's AutoAugment, by weight, of PIL images alone."""

    def __init__(self, policy, weights=None):
        super().__init__(policy)
        self.weights = weights

    def __call__(self, img):
        if not isinstance(img, Image.Image):
            raise TypeError(f"expected one PIL image, got {type(img).__name__}: convert it first")
        if img.mode not in ("RGB", "L"):
            raise TypeError(f'an image of mode {img.mode}: convert it to "RGB" or "L" first')
        if 0 not in img.size:
            for op in random.choices(self.policy, self.weights)[0]:
                img = op(img)
        return img


def add_to(place):
    """Put `augment` where it belongs in timm's own training transform.

    Args:
        place: the loader that create_loader gives, its dataset, or what create_transform gives.
            With num_aug_splits the first split stays as it is.

    Raises:
        ValueError: there is no such transform, or the policy is in it already.
    """
    steps = find_steps(place)
    if any(isinstance(step, Augment) for step in steps):
        raise ValueError("a policy is in this transform already")
    names = [type(step).__name__ for step in steps]
    moving = [i for i, name in enumerate(names) if any(word in name for word in GEOMETRY)]
    place = max(moving, default=-1) + 1
    if any("Tensor" in name or "ToImage" in name for name in names[:place]):
        raise ValueError("crop or flip is of tensors here: the policy takes PIL images")
    steps.insert(place, augment)


GEOMETRY = ("Crop", "Flip", "Resize")


def find_steps(place):
    """The list of transforms that `augment` belongs to."""
    if isinstance(place, (tuple, list)) and len(place) == 3:  # separate: crop, colour, tensors
        place = place[1]
    for _ in range(9):  # a loader's dataset's dataset's transform
        if isinstance(getattr(place, "transforms", None), list):
            return place.transforms
        names = ("augmentation", "transform", "dataset")  # the first is AugMixDataset's
        place = next((getattr(place, n) for n in names if getattr(place, n, None)), None)
    raise ValueError("no transform of timm's in it: make the loader with is_training=True first")
'''


target = Target(
    name="timm",
    what="timm's own AutoAugment of AugmentOps",
    endings=(".py",),
    operations=_NAMES,
    text_of=_source,
    differences_of=_differences,
    load_from=_load,
)
