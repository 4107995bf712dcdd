"""A schedule on a page: what each operation reaches by stage, and the policies to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dada.policy import Policy, PolicySchedule
from dada.policy.schedule_words import by_use, reached
from dada.report.numbers import percent


@dataclass(frozen=True, kw_only=True)
class StageTable:
    """What a schedule does over its epochs.

    Attributes:
        operations: the columns, those that reach most images first.
        rows: of each stage, its epochs in words and the share of images per operation.
        size: how long the schedule is, in words.
    """

    operations: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    size: str


def stage_table(schedule: PolicySchedule) -> StageTable:
    """The table of a schedule's stages."""
    stages, names = reached(schedule), by_use(schedule.reach())
    return StageTable(
        operations=names,
        rows=[
            (stage.epochs, [percent(stage.shares.get(name, 0.0), 0) for name in names])
            for stage in stages
        ],
        size=schedule.size,
    )


def shown_epochs(schedule: PolicySchedule) -> Mapping[str, Policy]:
    """The policies of the first, a middle and the last epoch, by label."""
    numbers = dict.fromkeys((1, (schedule.epochs + 1) // 2, schedule.epochs))
    return {f"Epoch {number}": schedule.chosen(number) for number in numbers}
