"""Schedules in the text form of PBA's published code (Ho et al., ICML 2019; arcelien/pba).

Each line is an exchange of its population based training: the trial that was replaced, the trial
that was copied, the epochs of both, and the copied trial's values before and after exploration. The
lines of a file follow the ancestry of the best trial.

Values are 30 pairs of a probability in tenths and a magnitude from 0 to 9: each of 15 operations
once, and all of them a second time.

Magnitudes give the strengths of PBA's code, with its rounding. What differs: its pixels, of images
of 32, are fractions of the side here; pixels that come into view, and those that its Cutout covers,
have the mean colour of the data there, and black and the mean colour of ImageNet here; a square of
Cutout is a pixel larger here; and its training crops and flips after the policy, ours before it.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from dada.errors import UserError
from dada.policy.operation_list import OperationList
from dada.policy.rows import short
from dada.policy.scale import Scale
from dada.policy.schedule import MOST_STAGES, PolicySchedule, Stage
from dada.policy.sub_policy import Operation

_ORDER = (
    *("Rotate", "TranslateX", "TranslateY", "Brightness", "Color", "Invert", "Sharpness"),
    *("Posterize", "ShearX", "Solarize", "ShearY", "Equalize", "AutoContrast", "Cutout"),
    "Contrast",
)
_SIDE, _LEVELS = 32, 10
_BOUNDS = {  # at levels 0 and 10, of which 9 is the highest in use
    "Rotate": (0.0, 30.0),
    "TranslateX": (0.0, 10 / _SIDE),
    "TranslateY": (0.0, 10 / _SIDE),
    "ShearX": (0.0, 0.3),
    "ShearY": (0.0, 0.3),
    "Brightness": (0.1, 1.9),
    "Color": (0.1, 1.9),
    "Sharpness": (0.1, 1.9),
    "Contrast": (0.1, 1.9),
    "Posterize": (4.0, 0.0),
    "Solarize": (256.0, 0.0),
    "Cutout": (0.0, 20 / _SIDE),
}
_WHOLE = {"Posterize": 4, "Solarize": 256}
"""Those whose strength is rounded down to a whole number, and its largest value."""
_ITEMS = 6  # of a line
_LONGEST = 2**16  # characters of a line; Python's parser uses a hundred times as much memory


def from_levels(values: Sequence[int]) -> OperationList:
    """PBA's 60 numbers as a list of operations.

    Args:
        values: 30 pairs of a probability in tenths, 0 to 10, and a magnitude, 0 to 9.

    Raises:
        UserError: there are not 60, or one is out of its range.

    Examples:
        >>> chosen = from_levels([2, 5] * 30)
        >>> chosen
        OperationList(30 operations, counts 0.2, 0.3, 0.5, paper scale: Rotate, TranslateX, ...)
        >>> chosen.operations[0]
        Operation(name='Rotate', probability=0.2, magnitude=0.5, spread=0.0)
    """
    pairs = list(zip(values[::2], values[1::2], strict=False))
    if len(values) != 4 * len(_ORDER):
        raise UserError(f"{len(values)} values: must be {4 * len(_ORDER)}")
    for value in values:
        if type(value) is not int:
            raise UserError(f"value {short(value)}: must be a whole number")
    for tenths, level in pairs:
        if not (0 <= tenths <= 10 and 0 <= level < _LEVELS):
            raise UserError(
                f"probability {short(tenths)} and magnitude {short(level)}: must be 0 to 10 and "
                f"0 to {_LEVELS - 1}"
            )
    return OperationList(
        operations=tuple(
            Operation(name, tenths / 10, _magnitude(name, level))
            for name, (tenths, level) in zip(_ORDER * 2, pairs, strict=True)
        ),
        scale=Scale("paper", _BOUNDS),
    )


def _magnitude(name: str, level: int) -> float:
    most = _WHOLE.get(name)
    return level / _LEVELS if most is None else level * most // _LEVELS / most


class _Exchange(NamedTuple):
    """A line of a file."""

    replaced: str
    copied: str
    epochs: int  # of the copied trial
    before: OperationList
    after: OperationList


def read_pba(text: str, epochs: int, name: str = "PBA", source: str = "") -> PolicySchedule:
    """A schedule from a file of PBA's code.

    Args:
        text: of the file, which is parsed and checked, never evaluated.
        epochs: of each trial of the search, which the file does not say: 200 of the published
            schedule for CIFAR-10, 160 of that for SVHN.
        name: of the schedule.
        source: recorded as its origin.

    Raises:
        UserError: a line is not what PBA writes, or the search was shorter than the file says.

    Examples:
        >>> early, late = [0, 0] * 30, [10, 5] + [0, 0] * 29
        >>> print(read_pba(f"['3', '7', 12, 10, {early}, {late}]", epochs=40))
        epochs 1 to 10   no augmentation
        epochs 11 to 40  Rotate 80%
    """
    lines = [line for line in text.splitlines()[: MOST_STAGES + 1] if line.strip()]
    if not 1 <= len(lines) < MOST_STAGES:
        raise UserError(f"not a schedule of PBA: it must have 1 to {MOST_STAGES - 1} lines")
    exchanges = [_exchange(line, number) for number, line in enumerate(lines, 1)]
    # Some files begin with exchanges that are not of the ancestry, which PBA's code drops.
    breaks = [i for i, (a, b) in enumerate(pairwise(exchanges), 1) if a.replaced != b.copied]
    ancestry = exchanges[breaks[-1] if breaks else 0 :]
    starts = [0, *(exchange.epochs for exchange in ancestry), epochs]
    policies = [ancestry[0].before, *(exchange.after for exchange in ancestry)]
    if any(start > end for start, end in pairwise(starts)):
        raise UserError(f"epochs {starts} of the exchanges do not ascend to the search's {epochs}")
    return PolicySchedule(
        stages=tuple(
            Stage(end - start, policy)
            for (start, end), policy in zip(pairwise(starts), policies, strict=True)
            if end > start
        ),
        name=name,
        provenance={"source": source} if source else {},
    )


def _exchange(line: str, number: int) -> _Exchange:
    try:
        items = _parsed(line)
        if not isinstance(items, list | tuple) or len(items) != _ITEMS:
            raise UserError(f"must be a list of {_ITEMS} items, not {short(items)}")
        replaced, copied, *epochs, before, after = items
        if any(type(epoch) is not int or epoch < 0 for epoch in epochs):
            raise UserError(f"epochs {short(epochs)}: must be whole numbers")
        return _Exchange(
            replaced=str(replaced),
            copied=str(copied),
            epochs=epochs[1],
            before=from_levels(_values(before)),
            after=from_levels(_values(after)),
        )
    except UserError as error:
        raise UserError(f"line {number}: {error}") from None


def _parsed(line: str) -> Any:
    if len(line) > _LONGEST:
        raise UserError(f"too long: at most {_LONGEST:,} characters")
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that are about the text as a program
            return ast.literal_eval(line.strip())
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise UserError("neither JSON nor a Python list") from None


def _values(given: Any) -> list[Any]:
    """A trial's values: a list, or in newer files a dict with one."""
    values = given.get("hp_policy") if isinstance(given, dict) else given
    if not isinstance(values, list):
        raise UserError(f"values {short(given)}: must be a list")
    return values
