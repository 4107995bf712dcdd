"""How long something may take: times in words, and a clock that runs."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from dada.errors import UserError, printable

_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(value: str | float) -> float:
    """``"5m"``, ``"90s"``, ``"1.5h"`` or a number of seconds, as seconds above 0.

    Raises:
        UserError: it is none of these.
    """
    number, unit = value, 1
    if isinstance(value, str) and value[-1:] in _UNITS:
        number, unit = value[:-1], _UNITS[value[-1]]
    try:
        found = math.nan if isinstance(value, bool) else float(number) * unit
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not 0 < found < math.inf:
        raise UserError(
            f"budget {printable(repr(value))[:60]}: must be a time above 0 such as 5m, 90s or 1h, "
            "or a number of seconds"
        )
    return found


def _now() -> float:
    return time.perf_counter()


@dataclass(frozen=True)
class Deadline:
    """A budget of time that is being spent.

    Attributes:
        seconds: in all.
        began: when, by `time.perf_counter`.
    """

    seconds: float
    began: float = field(default_factory=_now)

    @classmethod
    def of(cls, value: Deadline | str | float) -> Deadline:
        """One that begins now, unless it has begun already."""
        return value if isinstance(value, Deadline) else cls(seconds(value))

    def left(self) -> float:
        """Seconds that are left; below 0 once it is over."""
        return self.seconds - (time.perf_counter() - self.began)
