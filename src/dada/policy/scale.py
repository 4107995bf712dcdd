"""What a magnitude in [0, 1] means in an operation's real unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from dada.ops import OperationType, get

_LARGEST = 1e6  # bound; more than any unit needs, and numerically safe
Bound = Annotated[float, Field(strict=True)]
Bounds = Annotated[tuple[Bound, Bound], Field(min_length=2, max_length=2)]
Line = tuple[float, float]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Scale:
    """How magnitudes become values in real units.

    `paper` maps [0, 1] linearly onto the operation's range and flips the sign of geometric
    values at random. Ranges are signed, so 0.5 is the identity of most operations.
    `strength` runs from the identity (0) to the strongest value (1) in a random direction; if both
    bounds are on the same side of the identity, it runs in their direction.

    Attributes:
        kind: ``"paper"`` or ``"strength"``.
        bounds: ranges that replace the registered ones, by operation name.

    Raises:
        UserError: bounds for an operation that is not registered.
        pydantic.ValidationError: bounds that are not two different numbers within ±1,000,000.

    Examples:
        >>> rotate = get("Rotate")  # -30 to 30 degrees
        >>> Scale("paper").values(rotate, 0.75)
        (15.0, -15.0)
        >>> Scale("strength").values(rotate, 0.75)
        (22.5, -22.5)
        >>> Scale("strength", bounds={"Rotate": (-10, 10)}).values(rotate, 0.75)
        (7.5, -7.5)
    """

    kind: Literal["paper", "strength"] = "paper"
    bounds: Mapping[str, Bounds] = Field(default_factory=dict)

    @field_validator("bounds")
    @classmethod
    def _check(cls, bounds: Mapping[str, Bounds]) -> Mapping[str, Bounds]:
        for name, (low, high) in bounds.items():
            operation = get(name)
            if not operation.has_magnitude:
                raise ValueError(f"{name} has no magnitude, so it takes no bounds")
            if not abs(low) <= _LARGEST >= abs(high) or low == high:
                raise ValueError(
                    f"the bounds of {name} must be two different finite numbers within ±1,000,000"
                )
        return dict(bounds)

    def lines(self, operation: OperationType) -> tuple[Line, Line]:
        """The value as a linear function of the magnitude, for each of the two random signs.

        Returns:
            ((offset, slope), (offset, slope)) for sign + and sign −; the two are equal if the
            operation has no random sign.
        """
        if not operation.has_magnitude:
            return (operation.low, 0.0), (operation.low, 0.0)
        low, high = self.bounds.get(operation.name, (operation.low, operation.high))
        if self.kind == "paper" or operation.identity is None:
            plus = (low, high - low)
            return plus, ((-low, low - high) if operation.mirrored else plus)
        identity = operation.identity
        if min(low, high) < identity < max(low, high):
            return (identity, high - identity), (identity, low - identity)
        strongest = max(low, high, key=lambda end: abs(end - identity))
        line = (identity, strongest - identity)
        return line, line

    def values(self, operation: OperationType, magnitude: float) -> tuple[float, float]:
        """The value in real units for each of the two random signs."""
        (a, b), (c, d) = self.lines(operation)
        return a + b * magnitude, c + d * magnitude
