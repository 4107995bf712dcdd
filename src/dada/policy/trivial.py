"""TrivialAugment as a policy of ours."""

from __future__ import annotations

from collections.abc import Collection

from dada.policy.model import Policy
from dada.policy.scale import Scale
from dada.policy.sub_policy import Operation, SubPolicy

_PIXELS, _SIDE = 32, 224  # the largest translation, in pixels of ImageNet's usual pictures
_BOUNDS = {
    "ShearX": (-0.99, 0.99),
    "ShearY": (-0.99, 0.99),
    "TranslateX": (-_PIXELS / _SIDE, _PIXELS / _SIDE),
    "TranslateY": (-_PIXELS / _SIDE, _PIXELS / _SIDE),
    "Rotate": (-135.0, 135.0),
    "Brightness": (0.01, 1.99),
    "Color": (0.01, 1.99),
    "Contrast": (0.01, 1.99),
    "Sharpness": (0.01, 1.99),
    "Posterize": (2.0, 8.0),
    "Solarize": (0.0, 256.0),
}
_PLAIN = ("AutoContrast", "Equalize")


def trivial_augment(operations: Collection[str]) -> Policy:
    """One operation for each image, each as likely, of any strength, or none (Müller & Hutter 2021,
    table 1, "wide"), in our operations.

    Strengths are continuous, where the original has 31 levels; a translation is at most 1/7 of the
    side, which is the original's 32 pixels of 224.

    Args:
        operations: those that can change the images; TrivialAugment's others are left out.

    Examples:
        >>> print(trivial_augment(["Rotate", "Equalize", "Cutout"]))
         33.3%  Rotate ±13.5 to 121 degrees (p 1.00)
         33.3%  Equalize (p 1.00)
         33.3%  Rotate 0 degrees (p 0.00)
    """
    names = [name for name in (*_BOUNDS, *_PLAIN) if name in operations]
    bounds = {name: _BOUNDS[name] for name in names if name in _BOUNDS}
    chosen = tuple(SubPolicy((Operation(name, 1.0, 0.5, spread=1.0),)) for name in names)
    nothing = SubPolicy((Operation("Rotate", 0.0, 0.0),))
    return Policy((*chosen, nothing), Scale("strength", bounds=bounds), "TrivialAugment")
