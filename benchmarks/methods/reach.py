"""What it costs a method to be as good as another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.methods.rows import Entry

TIMES = 10
"""How many times faster than others the paper says that DADA is."""


class Bounds(NamedTuple):
    """Between which multiples of the reference's cost a method reaches its error.

    Attributes:
        above: the largest multiple that was tried below `reached`, where it did not; 0 if there was
            none.
        reached: the least multiple at which it did; None if it never did.
    """

    above: float
    reached: float | None

    def holds(self) -> bool | None:
        """Whether the reference is ten times faster; None if what was tried cannot tell."""
        if self.above >= TIMES:
            return True
        if self.reached is not None and self.reached < TIMES:
            return False
        return None


def bounds(points: Sequence[tuple[float, float]]) -> Bounds:
    """Where a method reaches the reference.

    Args:
        points: multiples of the reference's cost, and the method's error less the reference's.

    Examples:
        >>> bounds([(0.25, 1.0), (1.0, -0.2), (4.0, -0.5)])
        Bounds(above=0.25, reached=1.0)
    """
    above = 0.0
    for times, gap in sorted(points):
        if gap <= 0:
            return Bounds(above, times)
        above = times
    return Bounds(above, None)


def reach(
    entries: Sequence[Entry], table: Mapping[str, Any], reference: str
) -> dict[str, dict[str, Any]]:
    """For each other method: the bounds, each search's, and whether the interval is clear.

    Args:
        entries: rows, those that were not run among them.
        table: the errors by row (`benchmarks.search_quality.policy.table_of`).
        reference: the row whose error is to be reached, and whose cost is the unit.
    """
    known = {e.row.name: e for e in entries if e.cost and e.row.name in table}
    own = known[reference]
    found = {}
    for method in dict.fromkeys(e.method for e in known.values() if e.method != own.method):
        rows = [e for e in known.values() if e.method == method]
        costs = {e.row.name: e.cost / own.cost for e in rows}
        gaps = {name: table[name][f"less {reference}"] for name in costs}
        of_all = bounds([(costs[name], gaps[name]["mean"]) for name in costs])
        there = [gaps[name] for name in costs if costs[name] == of_all.reached]
        # What each search of the method costs, against the reference's search of the same images.
        by_search = [
            bounds([(costs[n], table[n]["by_search"][s] - error) for n in costs])
            for s, error in enumerate(table[reference]["by_search"])
        ]
        found[method] = {
            **of_all._asdict(),
            "certain": bool(there) and _not_worse(there[0]),
            "by_search": [one._asdict() for one in by_search],
            "holds": of_all.holds(),
        }
    return found


def _not_worse(gap: Mapping[str, float | None]) -> bool:
    """Whether the interval of a difference leaves out that the method is worse."""
    mean, half = gap["mean"], gap["interval"]
    return mean is not None and half is not None and mean + half <= 0
