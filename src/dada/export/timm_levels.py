"""What the levels of timm's operations mean, in the arithmetic of timm/data/auto_augment.py 1.0."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

import numpy as np

from dada.export.words import FACTORS


@dataclass(frozen=True)
class TimmOperation:
    """An operation of timm's, and what its level means.

    Attributes:
        name: timm's.
        values: those of a level under the two random signs, in timm's own arithmetic.
        inverse: from the value under + to an approximate level; takes any float.
        seen: what Pillow makes of a value. Values that it sees as equal give the same bytes.
    """

    name: str
    values: Callable[[float], tuple[float, float]]
    inverse: Callable[[float], float]
    seen: Callable[[float], Hashable]

    def level(self, plus: float, minus: float) -> str | None:
        """The shortest level with these values, in timm's range of 0 to 10; None if there is none.

        Examples:
            >>> from dada.export.timm_levels import TIMM_OPERATIONS
            >>> (rotate,) = TIMM_OPERATIONS["Rotate"]
            >>> rotate.level(15.0, -15.0)
            '5.0'
            >>> rotate.level(45.0, -45.0) is None  # timm stops at 30 degrees
            True
        """
        level = self.inverse(plus)
        if not abs(level) <= 11:  # far outside, where the arithmetic may overflow
            return None
        wanted = {self.seen(plus), self.seen(minus)}
        for text in _shortest_first(level):
            if (
                0 <= float(text) <= 10
                and {self.seen(v) for v in self.values(float(text))} == wanted
            ):
                return text
        return None


def _shortest_first(level: float) -> Iterator[str]:
    for digits in range(1, 18):
        yield repr(float(f"{level:.{digits}g}"))


def _signed(reach: float) -> Callable[[float], tuple[float, float]]:
    def values(level: float) -> tuple[float, float]:
        value = (level / 10.0) * reach
        return value, -value

    return values


def _enhance(level: float) -> tuple[float, float]:
    factor = (level / 10.0) * 1.8 + 0.1
    return factor, factor


def _increasing(level: float) -> tuple[float, float]:
    change = (level / 10.0) * 0.9
    return max(0.1, 1.0 + change), max(0.1, 1.0 - change)


def _posterize(level: float) -> tuple[int, int]:
    bits = int((level / 10.0) * 4)
    return bits, bits


def _posterize_original(level: float) -> tuple[int, int]:
    bits = int((level / 10.0) * 4) + 4
    return bits, bits


def _solarize(level: float) -> tuple[int, int]:
    threshold = min(256, int((level / 10.0) * 256))
    return threshold, threshold


def _slope(value: float) -> Hashable:
    # `affine_fixed` in Pillow's Geometry.c: 16.16 fixed point, of the slope and of its half.
    return math.floor(value * 65536 + 0.5), math.floor((value * 0.5 + 0.5) * 65536 + 0.5)


def _turn(degrees: float) -> Hashable:
    # `Image.rotate` rounds its matrix to 15 decimals, and has shortcuts for right angles.
    angle = degrees % 360
    return (
        round(math.cos(math.radians(angle)), 15),
        round(math.sin(math.radians(angle)), 15),
        angle % 90 == 0,
    )


def _bits(value: float) -> int:
    return min(8, max(1, int(value)))


def _threshold(value: float) -> int:
    # Pixels are whole numbers: those below the value are those below the next whole one.
    return math.ceil(min(256.0, max(0.0, value)))


def _enhancements(name: str) -> tuple[TimmOperation, TimmOperation]:
    # Pillow blends in float32.
    return (
        TimmOperation(name, _enhance, lambda v: (v - 0.1) / 1.8 * 10, np.float32),
        TimmOperation(
            f"{name}Increasing", _increasing, lambda v: abs(v - 1) / 0.9 * 10, np.float32
        ),
    )


# For whole numbers: levels in the middle of those that timm truncates to them.
TIMM_OPERATIONS: dict[str, tuple[TimmOperation, ...]] = {
    "ShearX": (TimmOperation("ShearX", _signed(0.3), lambda v: abs(v) / 0.3 * 10, _slope),),
    "ShearY": (TimmOperation("ShearY", _signed(0.3), lambda v: abs(v) / 0.3 * 10, _slope),),
    "Rotate": (TimmOperation("Rotate", _signed(30.0), lambda v: abs(v) / 30 * 10, _turn),),
    "Solarize": (
        TimmOperation(
            "Solarize", _solarize, lambda v: min(10, (_threshold(v) + 0.5) / 25.6), _threshold
        ),
    ),
    "Posterize": (
        TimmOperation(
            "PosterizeOriginal",
            _posterize_original,
            lambda v: min(10, (_bits(v) - 3.5) / 0.4),
            _bits,
        ),
        TimmOperation("Posterize", _posterize, lambda v: (_bits(v) + 0.5) / 0.4, _bits),
    ),
} | {name: _enhancements(name) for name in FACTORS}
