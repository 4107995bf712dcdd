"""An operation's strength in words: degrees, pixels, factors, bits."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import Protocol

from dada.ops import OperationType, get
from dada.policy.scale import Scale

Side = int | tuple[int, int] | None
"""Image size in pixels: the side of a square, or height and width; None if unknown."""


class HasMagnitude(Protocol):
    """Anything with a name, a magnitude and a spread."""

    @property
    def name(self) -> str:
        """The name of a registered operation."""

    @property
    def magnitude(self) -> float:
        """In [0, 1]."""

    @property
    def spread(self) -> float:
        """Scale of the logistic noise on the magnitude's logit."""


def describe_operation(scale: Scale, operation: HasMagnitude, side: Side = None) -> str:
    """The operation's strength in real units, or nothing if it has no magnitude.

    A random magnitude is described by its middle 80 %.

    Args:
        side: side of the images in pixels, or their height and width, to give lengths in pixels
            instead of fractions of the width.

    Examples:
        >>> from dada.policy import Operation
        >>> describe_operation(Scale(), Operation("Rotate", 0.5, 0.75))
        ' ±15 degrees'
        >>> describe_operation(Scale("strength"), Operation("TranslateX", 0.5, 0.5), side=32)
        ' ±7.2 pixels'
    """
    kind = get(operation.name)
    if not kind.has_magnitude:
        return ""
    quantiles = (0.1, 0.9) if operation.spread else (0.5,)
    magnitudes = [_quantile(operation.magnitude, operation.spread, q) for q in quantiles]
    plus, minus = zip(*(scale.values(kind, m) for m in magnitudes), strict=True)
    if all(p == -m for p, m in zip(plus, minus, strict=True)) and any(plus):
        return f" {_plus_minus(_join([_words(kind, abs(v), side) for v in plus], 'to'))}"
    ranges = [_join([_words(kind, v, side) for v in values], "to") for values in (plus, minus)]
    return f" {_join(list(dict.fromkeys(ranges)), 'or')}"


def describe_range(scale: Scale, name: str, magnitudes: Sequence[float]) -> str:
    """The range from the lowest value to the highest, or nothing if there is no magnitude.

    For an operation with a random sign, the range of the absolute values.

    Args:
        magnitudes: fixed magnitudes, at least one.

    Examples:
        >>> describe_range(Scale("strength"), "Rotate", [0.1, 0.4])
        '±3 to 12 degrees'
    """
    kind = get(name)
    if not kind.has_magnitude:
        return ""
    plus, minus = zip(*(scale.values(kind, m) for m in magnitudes), strict=True)
    mirrored = all(p == -m for p, m in zip(plus, minus, strict=True)) and any(plus)
    values = sorted(map(abs, plus)) if mirrored else sorted(plus + minus)
    text = _join([_words(kind, value, None) for value in (values[0], values[-1])], "to")
    return _plus_minus(text) if mirrored else text


def _words(kind: OperationType, value: float, side: Side) -> str:
    words = kind.describe(value)
    if side is None:
        return words
    height, width = (side, side) if isinstance(side, int) else side
    for ending, pixels in ((" of the width", width), (" of the height", height)):
        if words.endswith(ending):
            length = value * pixels
            return f"{length:.0f} pixels" if abs(length) >= 100 else f"{length:.2g} pixels"
    return words


def _join(texts: list[str], word: str) -> str:
    """``["3 degrees", "27 degrees"]`` as ``3 to 27 degrees``: shared words are not repeated."""
    different = list(dict.fromkeys(texts))
    parts = [text.split(" ") for text in different]
    shortest = min(map(len, parts))
    head = next((i for i in range(shortest) if len({p[i] for p in parts}) > 1), shortest)
    tail = next((i for i in range(shortest - head) if len({p[-1 - i] for p in parts}) > 1), 0)
    first, last = parts[0][:head], parts[0][len(parts[0]) - tail :]
    middles = [" ".join(p[head : len(p) - tail]) for p in parts]
    return " ".join([*first, f" {word} ".join(middles), *last]).strip()


def _plus_minus(text: str) -> str:
    """The text with ± before its first number."""
    words = text.split(" ")
    first = next((i for i, word in enumerate(words) if word[:1].isdigit()), 0)
    words[first] = "±" + words[first]
    return " ".join(words)


def _quantile(magnitude: float, spread: float, q: float) -> float:
    """Quantile of sigmoid(logit(magnitude) + spread · L), L standard logistic."""
    if spread == 0:
        return magnitude
    inside = min(max(magnitude, 1e-9), 1 - 1e-9)
    return 1 / (1 + exp(-(log(inside / (1 - inside)) + spread * log(q / (1 - q)))))
