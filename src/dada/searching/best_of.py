"""The best of a few candidate policies, by whole trainings: what simple methods have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from dada.policy import Policy
from dada.report.chart import Chart, Effects, Row
from dada.report.numbers import capitalised, count
from dada.searching.method import Names, Records
from dada.searching.noise import CONFIDENCE, RESOLUTION, chance, effects, log_losses, noise
from dada.searching.rounds import NONE, Rounds, trainings_in_words
from dada.searching.score import NOTHING_LEARNED

_ROWS = 40  # of the chart: a grid, or what fits on a screen


class Best(NamedTuple):
    """The best candidate so far.

    Attributes:
        name: which one.
        effect: the log loss that it saves against no policy, in the mean of the rounds.
        p_value: how likely noise alone makes the best of all candidates look this good (Dunnett,
            one-sided); None while there is a single round.
        learned: whether any network did better than guessing on the images it was scored on.
        kept: whether it is better than no policy by more than noise; in a single round, which
            cannot tell, whether it is better at all.
    """

    name: str
    effect: float
    p_value: float | None
    learned: bool
    kept: bool


class BestOf(Rounds):
    """Every candidate is tried in every round; the best one is found, or none."""

    moving = True

    @abstractmethod
    def proposals(self) -> dict[str, Policy]:
        """The candidates, by name."""

    @cached_property
    def _candidates(self) -> dict[str, Policy]:
        return {NONE: Policy.none()} | self.proposals()

    def candidates(self, number: int) -> dict[str, Policy]:
        """See `Rounds.candidates`."""
        return self._candidates

    def best(self) -> Best:
        """What the rounds so far say."""
        logs = log_losses(self.losses)
        saved, spread = effects(logs), noise(logs)
        found, error = int(saved.argmax()), spread.error(len(logs))
        effect, names = saved[found].item(), list(self._candidates)[1:]
        p_value = chance(effect, error, len(names), spread.freedom) if error else None
        certain = p_value is None or p_value <= 1 - CONFIDENCE
        kept = self.learned() and effect > RESOLUTION and certain
        return Best(names[found], effect, p_value, self.learned(), kept)

    def learn(self) -> dict[str, Any]:
        """See `Rounds.learn`."""
        best = self.best()
        return {"findings": {**best._asdict(), "notes": [_said(best)]}}

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The best candidate; none, if it is not better than no policy by more than noise."""
        best = self.best() if self.losses else None
        if best is None or not best.kept:
            return Policy.none(name, provenance)
        found = self._candidates[best.name]
        return Policy(
            found.sub_policies, found.scale, name, {**provenance, "candidate": best.name}
        ).rounded()

    def headline(self) -> str:
        """The best candidate."""
        return f"best: {self.best().name}"

    def words(self) -> str:
        """What is done, for people."""
        return f"{count(len(self._candidates) - 1, 'candidate')}, {super().words()}"

    @staticmethod
    def summary(settings: Mapping[str, Any], start: Mapping[str, Any], records: Records) -> str:
        """See `SearchMethod.summary`."""
        return (
            f"{trainings_in_words(settings, start, records)}: method {settings['method']}, "
            f"seed {settings['seed']}. {capitalised(records[-1]['findings']['notes'][0])}."
        )

    @staticmethod
    def charts(settings: Mapping[str, Any], names: Names, records: Records) -> list[Chart]:
        """See `SearchMethod.charts`: every candidate against no policy."""
        losses = [[trial["loss"] for trial in record["trials"].values()] for record in records]
        logs = log_losses(losses)
        saved = (100 * (logs[:, :1] - logs[:, 1:])).T.tolist()
        candidates = list(records[0]["trials"])[1:]
        rows = [
            Row(name=name, points=points, mean=sum(points) / len(points))
            for name, points in zip(candidates, saved, strict=True)
        ]
        best = sorted(rows, key=lambda row: -row.mean)[:_ROWS]
        some = f"The best {_ROWS} of {len(rows):,}. " if len(rows) > _ROWS else ""
        return [
            Effects(
                title="The effect of each candidate",
                caption=f"{some}How much lower the loss on images that were not trained on is "
                "after a training under the candidate than after one without augmentation. "
                "Strokes: rounds, which take the halves of the images in turn.",
                x_label=f"validation loss saved, % (against {NONE})",
                rows=best,
            )
        ]


def _said(best: Best) -> str:
    change = f"{best.name} changes the loss by {-100 * best.effect:+.1f} %"
    if best.kept and best.p_value is None:
        return f"{change}, the most of all candidates, though one round cannot tell it from noise"
    if best.kept:
        return f"{change}, the most of all candidates"
    if not best.learned:
        return NOTHING_LEARNED
    return f"no augmentation: no candidate lowers the loss by more than noise; at best, {change}"
