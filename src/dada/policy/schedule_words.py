"""A schedule in words and as a notebook shows it: what each operation reaches, by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dada.errors import brief
from dada.markup import bold, muted, table

if TYPE_CHECKING:
    from dada.policy.schedule import PolicySchedule

_NAMED, _ROWS, _COLUMNS = 4, 25, 15


class Reached(NamedTuple):
    """A stage of a schedule.

    Attributes:
        first, last: its epochs, from 1, of the schedule's own length.
        shares: the share of images that each operation reaches, by name.
    """

    first: int
    last: int
    shares: dict[str, float]

    @property
    def epochs(self) -> str:
        """``1`` or ``1 to 11``."""
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


def reached(schedule: PolicySchedule, limit: int | None = None) -> list[Reached]:
    """What each stage does, for the first `limit` stages.

    Examples:
        >>> from dada.policy import Policy, PolicySchedule, Stage
        >>> schedule = PolicySchedule((Stage(2, Policy.none()), Stage(3, Policy.none())))
        >>> [stage.epochs for stage in reached(schedule)]
        ['1 to 2', '3 to 5']
    """
    found, done = list[Reached](), 0
    for stage in schedule.stages[:limit]:
        found.append(Reached(done + 1, done + stage.epochs, stage.policy.reach()))
        done += stage.epochs
    return found


def by_use(shares: dict[str, float]) -> list[str]:
    """The operations that reach any image, those that reach most first.

    Examples:
        >>> by_use({"Rotate": 0.1, "Invert": 0.3, "Color": 0.0})
        ['Invert', 'Rotate']
    """
    return sorted((name for name in shares if shares[name]), key=lambda name: -shares[name])


def describe_schedule(schedule: PolicySchedule, limit: int | None = None) -> str:
    """One line per stage: its epochs, and the operations that reach most images."""
    if schedule.is_none:
        return "no augmentation: every operation has probability 0"
    stages = reached(schedule, limit)
    width = max(len(stage.epochs) for stage in stages)
    lines = [f"epochs {stage.epochs:<{width}}  {_most(stage.shares)}" for stage in stages]
    if hidden := len(schedule.stages) - len(stages):
        lines.append(f"...  and {hidden} more stage{'' if hidden == 1 else 's'}")
    return "\n".join(lines)


def _most(shares: dict[str, float]) -> str:
    used = by_use(shares)
    said = ", ".join(f"{name} {shares[name]:.0%}" for name in used[:_NAMED])
    more = f" and {len(used) - _NAMED} more" if len(used) > _NAMED else ""
    return f"{said}{more}" if used else "no augmentation"


def schedule_html(schedule: PolicySchedule) -> str:
    """A table: a row for each of the first 25 stages, a column for each operation."""
    stages, names = reached(schedule, _ROWS), by_use(schedule.reach())
    rows = [
        [stage.epochs, *(f"{stage.shares.get(name, 0.0):.0%}" for name in names[:_COLUMNS])]
        for stage in stages
    ]
    hidden = [
        f"{len(schedule.stages) - len(rows):,} more stages" * (len(schedule.stages) > len(rows)),
        f"{len(names) - _COLUMNS:,} more operations" * (len(names) > _COLUMNS),
    ]
    more = " and ".join(part for part in hidden if part)
    notes = [
        "The share of images that each operation reaches.",
        *([f"… and {more}"] if more else []),
    ]
    return table(
        rows,
        head=("Epochs", *map(brief, names[:_COLUMNS])),
        title=bold(brief(schedule.name)) + f": {schedule.size}",
        notes=[muted(note) for note in notes],
    )
