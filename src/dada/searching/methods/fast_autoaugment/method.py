"""Fast AutoAugment: children that know no policy choose among policies that Optuna proposes."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from importlib.metadata import version
from statistics import fmean
from typing import Any

import torch

from dada.compute.parallel import Tick
from dada.datasets import Dataset
from dada.errors import option
from dada.policy import Policy
from dada.report.numbers import count
from dada.searching.common_settings import ResolvedSearch, SearchSettings
from dada.searching.method import LEARNING, Cost, Record, SearchMethod, SearchProblem
from dada.searching.methods.fast_autoaugment import charts
from dada.searching.methods.fast_autoaugment.folds import Folds
from dada.searching.methods.fast_autoaugment.settings import (
    FastAutoAugmentSettings,
    ResolvedFastAutoAugment,
)
from dada.searching.methods.fast_autoaugment.tried import Tried, best, without_repetition
from dada.searching.rehearsal import rehearsed
from dada.searching.rounds import notes_on_trials
from dada.searching.score import NOTHING_LEARNED, Score

_FEWEST = 0.25  # of the trials are meant to be left, where a budget makes trainings shorter
_REHEARSED = 3  # trials that are timed


class FastAutoAugmentMethod(SearchMethod):
    """Density matching (Lim, Kim, Kim, Kim, Kim: *Fast AutoAugment*, NeurIPS 2019).

    A child is trained without a policy on a part of the images. Then sets of sub-policies are
    tried on it: the better it still recognises the images that were held out, once they are
    augmented, the nearer they are to what it learnt from. The best sets of all folds together are
    the policy.

    The first round trains all children, on as many cores as there are; every further one makes a
    block of trials on each fold.

    Attributes:
        folds: the children and trials so far.
    """

    name, title = "fast_autoaugment", "Fast AutoAugment"
    Settings = FastAutoAugmentSettings
    space_in_words = staticmethod(charts.space_in_words)
    summary = staticmethod(charts.summary)
    charts = staticmethod(charts.charts)
    unit = "round"
    fewest_epochs = 20
    settings: ResolvedFastAutoAugment

    def __init__(self, problem: SearchProblem, settings: ResolvedFastAutoAugment) -> None:
        super().__init__(problem, settings)
        self.folds = Folds(problem, settings)

    @property
    def steps(self) -> list[int]:
        """Epochs that this process trains, then its trials, of each round."""
        mine = self.folds.lab.share(len(self.folds))
        return [mine * each for each in self.plan]

    @property
    def work(self) -> list[int]:
        """See `SearchMethod.work`: forward passes."""
        return [LEARNING * views + looks for views, looks in map(self._shown, range(self.length))]

    def _shown(self, number: int) -> tuple[int, int]:
        """How many images networks learn from in a round, and how many they only judge, repetitions
        included: children are judged once, and then judge under each sub-policy of a trial."""
        folds = self.folds.images
        judged = sum(len(fold.judges) for fold in folds)
        if number:
            return 0, judged * self.settings.size * self.plan[number]
        return sum(len(fold.train) for fold in folds) * self.plan[0], judged

    @property
    def passes(self) -> int:
        """See `SearchMethod.passes`."""
        return sum(self.work)

    @property
    def parameter_count(self) -> int:
        """Weights of a child."""
        return self.folds.lab.parameter_count

    def words(self) -> str:
        """What is done, for people."""
        s = self.settings
        return (
            f"{count(s.folds, 'training')} of {s.model}, {count(self.plan[0], 'epoch')} each, and "
            f"{count(sum(self.plan[1:]), 'trial')} with each"
        )

    @classmethod
    def notes(
        cls, asked: SearchSettings, chosen: ResolvedSearch, dataset: Dataset, device: torch.device
    ) -> tuple[str, ...]:
        """See `SearchMethod.notes`."""
        return notes_on_trials(asked, chosen, dataset)

    def advance(self, on_step: Tick = lambda: None) -> Record:
        """Advance by one round.

        Args:
            on_step: called after each epoch of a child, or each trial.

        Returns:
            As `SearchMethod.advance`: of the children on plain images in the first round, and in
            the others means over the trials. By fold there are ``children``, each one's score, or
            ``tried``, a `Tried` per trial. ``views`` counts the images that networks learnt from,
            ``looks`` those that they only judged, repetitions included.
        """
        started, number, folds = time.perf_counter(), self.iteration, self.folds
        own: Record
        judged: Sequence[Score | Tried]
        if number:
            tried = folds.attempt(self.plan[number], on_step)
            judged = [one for fold in tried for one in fold]
            own = {"tried": [[one._asdict() for one in fold] for fold in tried]}
        else:
            folds.train(self.plan[0], on_step)
            judged = folds.children
            own = {"children": [child._asdict() for child in folds.children]}
        self.iteration += 1
        learned, (views, looks) = folds.learned(), self._shown(number)
        return {
            "event": "epoch",
            "epoch": self.iteration,
            "steps": self.steps[number],
            "seconds": round(time.perf_counter() - started, 3),
            "train_loss": fmean([child.train_loss for child in folds.children]),
            "views": views,
            "looks": looks,
            "validation_loss": fmean([one.loss for one in judged]),
            "validation_accuracy": fmean([one.accuracy for one in judged]),
            **own,
            "findings": {"learned": learned, "notes": [] if learned else [NOTHING_LEARNED]},
        }

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The best sets of all folds; none before there are trials, or if no child has learnt."""
        known = provenance.get("versions", {})
        provenance = {**provenance, "versions": {**known, "optuna": version("optuna")}}
        if not (self.folds.tried[0] and self.folds.learned()):
            return Policy.none(name, provenance)
        s = self.settings
        kept = [
            part
            for fold in self.folds.tried
            for one in best(fold, s.kept_share, s.reward)
            for part in without_repetition(one.parts)
        ]
        return Policy(tuple(kept), self.problem.space.scale, name, provenance).rounded()

    def headline(self) -> str:
        """The best trial of each fold, in the mean."""
        if not self.folds.tried[0]:
            return ""
        first = [best(fold, 1e-9, self.settings.reward)[0] for fold in self.folds.tried]
        if self.settings.reward == "loss":
            return f"best loss: {fmean([one.loss for one in first]):.3f}"
        return f"best accuracy: {fmean([one.accuracy for one in first]):.1%}"

    def converged(self, records: Sequence[Record]) -> str | None:
        """See `SearchMethod.converged`: children that know nothing are not asked."""
        if not records or records[-1]["findings"]["learned"]:
            return None
        return "stopped before its trials: no network did better than guessing"

    def cautions(self) -> tuple[str, ...]:
        """See `SearchMethod.cautions`."""
        epochs = self.plan[0]
        if epochs >= self.fewest_epochs:
            return ()
        return (
            f"trainings of {count(epochs, 'epoch')} are short: networks that know little of the "
            "images cannot tell policies apart; more time, or "
            f"{option('epochs')}, makes them longer",
        )

    def cost(self) -> Cost:
        """See `SearchMethod.cost`: the epochs of a few children are timed, and a few trials.

        A quarter of the trials counts, spread over the epochs: children come first, and after their
        round `replan` makes as many trials as there is time for.
        """
        folds = self.folds
        start, epoch = rehearsed(folds.rehearse_training)
        trials = math.ceil(_FEWEST * self.settings.trials)
        # The model takes longer, the more was tried: half of it, in the mean.
        model = folds.lab.suggestions(())
        known = [Tried(model.ask(seed), float(seed), 0.0) for seed in range(trials // 2)]
        folds.tried = [list(known)] * len(folds)
        started = time.perf_counter()
        folds.rehearse_trials(_REHEARSED)
        each = (time.perf_counter() - started) / _REHEARSED
        epoch += trials * each / self.settings.epochs
        return Cost(folds.lab.turns(len(folds)), start, epoch, shared=True)

    def replan(self, factor: float, most: int) -> None:
        """Make so many times as many of the trials that are left, never more than were asked for.

        The children, all trained in the first round, keep their epochs.
        """
        usual = self.settings.usual_plan
        for number in range(self.iteration, self.length):
            self.plan[number] = min(usual[number], max(1, int(factor * self.plan[number])))

    def plan_in_words(self) -> str:
        """See `SearchMethod.plan_in_words`."""
        left = sum(self.plan[self.iteration :])
        return f"{count(left, 'more trial')} {'is' if left == 1 else 'are'} made on each fold"

    def state_dict(self) -> dict[str, Any]:
        """See `SearchMethod.state_dict`."""
        return {
            "epoch": self.iteration,
            "plan": list(self.plan),
            **self.folds.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `SearchMethod.load_state_dict`.

        Raises:
            ValueError: the state is of a search with other folds or rounds.
        """
        plan = list(state["plan"])
        if len(plan) != self.length or len(state["tried"]) != len(self.folds):
            raise ValueError("a state of other folds or rounds")
        self.iteration, self.plan = state["epoch"], plan
        self.folds.load_state_dict(state)
