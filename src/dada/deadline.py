"""Time budgets: reading them from text, and counting them down."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from dada.errors import UserError, printable

_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(value: str | float) -> float:
    """A time such as ``"5m"``, ``"90s"`` or ``"1.5h"``, or a number of seconds, in seconds.

    Raises:
        UserError: the value is not a time above 0.

    Examples:
        >>> seconds("5m"), seconds("1.5h"), seconds(90)
        (300.0, 5400.0, 90.0)
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
    """A time budget that is running.

    Attributes:
        seconds: the whole budget.
        began: when it started, by `time.perf_counter`.

    Examples:
        >>> deadline = Deadline.of("5m")
        >>> 299 < deadline.left() <= 300
        True
        >>> Deadline.of(deadline) is deadline  # one that runs is not started again
        True
    """

    seconds: float
    began: float = field(default_factory=_now)

    @classmethod
    def of(cls, value: Deadline | str | float) -> Deadline:
        """A budget that starts now; one that is already running is returned as it is."""
        return value if isinstance(value, Deadline) else cls(seconds(value))

    def left(self) -> float:
        """Seconds left; negative once the budget is spent."""
        return self.seconds - (time.perf_counter() - self.began)
