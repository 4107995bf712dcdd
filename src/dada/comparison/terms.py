"""What a comparison is begun with: its plan, seeds and budget, as its run's config keeps them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dada.comparison.plan import Plan
from dada.deadline import Deadline
from dada.errors import UserError, option
from dada.report.comparisons import comparison_of
from dada.report.gaps import FEWEST_SEEDS
from dada.report.numbers import about
from dada.runs import RunFolder
from dada.runs.folder import CONFIG

_ENTRIES = ("seeds", "plan", "budget", "stop_early")


@dataclass(frozen=True)
class Terms:
    """What a comparison is begun with, and resumed with.

    Attributes:
        seeds: trainings per row.
        plan: what was chosen for the user; None if nothing was.
        budget: the budget that the user gave, in seconds; None for none.
        stop_early: whether it ends once the answer is certain or hopeless.
        notes: what was chosen, in words.
        deadline: when it must end, if it begins now with a budget; None if it is resumed.
    """

    seeds: int = FEWEST_SEEDS
    plan: Plan | None = None
    budget: float | None = None
    stop_early: bool = False
    notes: tuple[str, ...] = ()
    deadline: Deadline | None = None

    @classmethod
    def recorded(cls, path: str | Path, add_seeds: int = 0) -> Terms | None:
        """Those of the run in a folder; None if none has begun.

        Args:
            add_seeds: seeds beyond those that it has, or is to have; all of them are made.
        """
        if RunFolder(path).bare:
            return None
        run = RunFolder.open(path)
        config = run.config
        seeds, plan = config.get("seeds", FEWEST_SEEDS), config.get("plan")
        return cls(
            seeds=_finished(run, seeds) + add_seeds if add_seeds else seeds,
            plan=None if plan is None else Plan.from_json(plan),
            budget=config.get("budget"),
            stop_early=config.get("stop_early", False) and not add_seeds,
        )

    def check(self, budget: Deadline | None, pixels: int | None) -> None:
        """Refuse to resume a run as another one.

        Args:
            budget, pixels: as given now; None keeps the run's.

        Raises:
            UserError: the run was started with others.
        """
        if budget is not None and budget.seconds != self.budget:
            before = "without a budget" if self.budget is None else f"with {about(self.budget)}"
            raise UserError(
                f"budget {about(budget.seconds)}: the run was started {before}, and keeps its "
                f"size: leave {option('budget')} out, or start a new run in another folder"
            )
        if pixels is not None and pixels != (chosen := self.plan and self.plan.pixels):
            raise UserError(
                f"the run was started with pixels = {chosen}, not {pixels}: use the same, or start "
                "a new run in another folder"
            )

    def resumed(self, seeds: int | None, stop_early: bool) -> Terms:
        """Those of a run that is resumed.

        Args:
            seeds, stop_early: as given now; None and False keep the run's.
        """
        early = self.stop_early or stop_early
        return replace(self, seeds=self.seeds if seeds is None else seeds, stop_early=early)

    def keeps(self, row: str) -> bool:
        """Whether a row is compared."""
        return self.plan is None or self.plan.rows is None or row in self.plan.rows

    def record(self, run: RunFolder) -> None:
        """Bring the config of a run up to these, so that it can be resumed by them."""
        others = {key: value for key, value in run.config.items() if key not in _ENTRIES}
        run.write_json(CONFIG, others | self.entries())

    def entries(self) -> dict[str, Any]:
        """The entries of a run's config, from which `recorded` makes them again."""
        found: dict[str, Any] = {"seeds": self.seeds}
        if self.plan is not None:
            found["plan"] = self.plan.as_json()
        if self.budget is not None:
            found["budget"] = self.budget
        return found | ({"stop_early": True} if self.stop_early else {})


def _finished(run: RunFolder, planned: int) -> int:
    """How many seeds a run has that is over; those that it is to have, if it is not."""
    over = any(event.get("event") == "finish" for event in run.events)
    found = comparison_of(run) if over else None
    return planned if found is None else len(found["seeds"])
