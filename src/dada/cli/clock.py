"""How much time is left, by the work in what is done and in what is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dada.runs.work import Part


class Clock:
    """Starts when it is made.

    The pace is the mean of all that was done since then. Steps of trainings in parallel come in
    bursts, and rounds and rows differ, so that the pace of the last few seconds says less.

    Args:
        parts: of the work, in order, from its beginning.
        done: steps that were done before.

    Examples:
        >>> clock = Clock([(100, 1.0), (10, 1.0)], done=0)  # the last ten take as long as the rest
        >>> clock.left(0) is None
        True
    """

    def __init__(self, parts: Sequence[Part], done: int = 0) -> None:
        self._parts, self._began = parts, time.monotonic()
        self._before = self._work(done)

    def change(self, parts: Sequence[Part]) -> None:
        """Another plan for what is left; what is done keeps its parts."""
        self._parts = parts

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def left(self, done: int) -> float | None:
        """Seconds left once so many steps are done; None before the first one."""
        work = self._work(done)
        if work <= self._before:
            return None
        return (
            (sum(amount for _, amount in self._parts) - work)
            * self.elapsed()
            / (work - self._before)
        )

    def _work(self, done: int) -> float:
        """The work in so many steps."""
        total = 0.0
        for steps, work in self._parts:
            if done < steps:
                return total + work * done / steps
            total, done = total + work, done - steps
        return total
