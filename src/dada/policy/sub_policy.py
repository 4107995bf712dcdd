"""Operations, and sub-policies that apply them one after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from dada.ops import get

Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False, strict=True)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False, strict=True)]
Spread = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False, strict=True)]
MOST_OPERATIONS = 16  # in a sub-policy: far more than any search uses, yet small in memory
_STRICT = ConfigDict(extra="forbid")


def significant(number: float) -> float:
    """Six significant digits."""
    return float(f"{number:.6g}")


@dataclass(frozen=True, config=_STRICT)
class Operation:
    """One image operation.

    Attributes:
        name: a registered operation (`dada.ops.names`).
        probability: chance in [0, 1] that it is applied.
        magnitude: in [0, 1]; the policy's `Scale` turns it into real units.
        spread: in [0, 100], how random the magnitude is. An image's magnitude is
            ``sigmoid(logit(magnitude) + spread * L)`` with L standard logistic:
            0 always gives `magnitude`; 1 around a magnitude of 0.5 is uniform on [0, 1];
            from 10 on it is nearly always 0 or 1. The paper's policies have a spread of 0.

    Raises:
        UserError: the name is not registered.
        pydantic.ValidationError: a number is out of its range.

    Examples:
        >>> Operation("ShearX", probability=0.5, magnitude=0.46)
        Operation(name='ShearX', probability=0.5, magnitude=0.46, spread=0.0)
        >>> Operation("ShaerX", 0.5, 0.46)
        Traceback (most recent call last):
        dada.errors.UserError: unknown operation 'ShaerX' (did you mean ShearX?); known: ...
    """

    name: str
    probability: Fraction
    magnitude: Fraction
    spread: Spread = 0.0

    @field_validator("name")
    @classmethod
    def _is_registered(cls, name: str) -> str:
        return get(name).name

    def rounded(self) -> Operation:
        """Probability and magnitude with six decimals, the spread with six significant digits."""
        return replace(
            self,
            probability=round(self.probability, 6),
            magnitude=round(self.magnitude, 6),
            spread=significant(self.spread),
        )


@dataclass(frozen=True, config=_STRICT)
class SubPolicy:
    """Operations applied one after the other, and how often this sub-policy is chosen.

    Attributes:
        operations: 1 to 16, in the order of application.
        weight: relative frequency, at least 0; a policy's weights need not sum to 1.

    Examples:
        >>> pair = SubPolicy((Operation("Rotate", 0.5, 0.9), Operation("Invert", 0.2, 0.0)))
        >>> pair.weight, len(pair.operations)
        (1.0, 2)
    """

    operations: Annotated[tuple[Operation, ...], Field(min_length=1, max_length=MOST_OPERATIONS)]
    weight: NonNegative = 1.0

    def rounded(self) -> SubPolicy:
        """The operations rounded, and the weight with six significant digits."""
        return SubPolicy(tuple(o.rounded() for o in self.operations), significant(self.weight))
