"""Rounds of trials: what the methods have in common that train a proxy under every candidate."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch

from dada.augment.words import around
from dada.compute.parallel import Tick
from dada.datasets import Dataset
from dada.errors import DivergedError, UserError, option
from dada.policy import Policy
from dada.report.numbers import count, duration
from dada.searching.common_settings import ResolvedSearch, SearchSettings
from dada.searching.method import LEARNING, Cost, Record, Records, SearchMethod, SearchProblem
from dada.searching.rehearsal import rehearsed
from dada.searching.score import Score, guess, mean_score
from dada.searching.training_settings import ResolvedRounds
from dada.searching.trials import Fold, State, Trials

NONE = "no augmentation"
"""The trial that every candidate is compared with."""
_SHORTEST = 8  # the part of the planned epochs that a trial keeps when time is short
_STREAM = 2
"""Which random numbers a trial draws: 2 since 0.3, where a trial is a training like any other."""


def trainings_in_words(
    settings: Mapping[str, Any], start: Mapping[str, Any], records: Records
) -> str:
    """``by 40 trainings of proxy-32 (24,000 parameters), 100 epochs each, with crop, in 4 min``"""
    trials = sum(len(record["trials"]) for record in records)
    each = sorted({record["trial_epochs"] for record in records} or {settings["epochs"]})
    lengths = count(each[-1], "epoch") if len(each) == 1 else f"{each[0]} to {each[-1]} epochs"
    return (
        f"by {count(trials, 'training')} of {settings.get('model')} "
        f"({count(start['parameters'], 'parameter')}), {lengths} each, with {around(settings)}, "
        f"in {duration(sum(record['seconds'] for record in records))}"
    )


def notes_on_trials(
    asked: SearchSettings, chosen: ResolvedSearch, dataset: Dataset
) -> tuple[str, ...]:
    """What was chosen for trials, and how to change it (`SearchMethod.notes`)."""
    notes: tuple[str, ...] = ()
    if dataset.validation is not None:
        there = (dataset.files or dataset).validation or dataset.validation
        used = min(len(there), chosen.validated)
        notes += (
            f"{used:,} of {len(there):,} validation images judge, besides training images that "
            "a trial does not train on",
        )
    if asked.model is not None:
        return notes
    notes += (
        f"trials of {chosen.model}, a small network that learns fast; "
        f"{option('model')} tries another",
    )
    if asked.pixels is None and chosen.pixels < max(dataset.side):
        other = option("pixels", setting=True)
        notes += (f"trials see images at {chosen.pixels} pixels; {other} changes it",)
    return notes


def too_short(epochs: int, fewest: int) -> tuple[str, ...]:
    """A caution if trials have fewer epochs than that (`SearchMethod.cautions`)."""
    if epochs >= fewest:
        return ()
    return (
        f"trials of {count(epochs, 'epoch')} are short: the benefit of augmentation appears "
        f"late in a training; more time, or {option('epochs')}, makes them longer",
    )


class Rounds(SearchMethod):
    """Candidates are tried in rounds, on the folds of the images in turn.

    A round's trials share a seed, which follows from the search's, so that a checkpoint is nothing
    but the losses so far.

    Attributes:
        seeds: of each round.
        folds: what trials train on, and what judges them.
        losses: of each round so far, of each candidate.
        guesses: for each fold, the loss below which a network has learnt something.
    """

    unit = "round"
    fewest_epochs = 20

    settings: ResolvedRounds

    def __init__(self, problem: SearchProblem, settings: ResolvedRounds) -> None:
        super().__init__(problem, settings)
        self.folds = self.cut(problem)
        self.trials = Trials(problem, settings)
        generator = torch.Generator().manual_seed(settings.seed)
        self.seeds = torch.randint(2**62, (self.length,), generator=generator).tolist()
        self.losses: list[list[float]] = []
        self.guesses = [
            guess(problem.loss, fold.train.labels, fold.judges.labels, len(problem.classes))
            for fold in self.folds
        ]

    def cut(self, problem: SearchProblem) -> list[Fold]:
        """The folds: two halves of the images, each judged by the other."""
        first, second = problem.halves()
        return [Fold(first, problem.judges(second)), Fold(second, problem.judges(first))]

    def fold_of(self, number: int) -> Fold:
        """The fold of a round: they come in turn."""
        return self.folds[number % len(self.folds)]

    def trunk(self, number: int, on_step: Tick) -> State | None:
        """What the trials of a round continue; None, the default, if they begin anew."""
        return None

    def own_epochs(self, epochs: int) -> int:
        """Epochs that each trial trains by itself, of a training of so many."""
        return epochs

    @abstractmethod
    def candidates(self, number: int) -> dict[str, Policy]:
        """What a round tries, by name. There are as many of them whatever has been learnt."""

    def learned(self) -> bool:
        """Whether any network so far did better than guessing."""
        guesses = self.guesses
        return any(
            min(losses) < guesses[number % len(guesses)]
            for number, losses in enumerate(self.losses)
        )

    @abstractmethod
    def learn(self) -> dict[str, Any]:
        """Draw conclusions from the losses so far; what a record says of them."""

    def keep(self, scores: list[Score]) -> None:
        """Keep what is needed of the scores of a round's candidates: their losses."""
        self.losses.append([score.loss for score in scores])

    @cached_property
    def sizes(self) -> list[int]:
        """How many candidates each round has."""
        return [len(self.candidates(number)) for number in range(self.length)]

    @property
    def steps(self) -> list[int]:
        """Epochs that this process trains in each round."""
        mine = map(self.trials.share, self.sizes)
        own = map(self.own_epochs, self.plan)
        return [trials * epochs for trials, epochs in zip(mine, own, strict=True)]

    @property
    def work(self) -> list[float]:
        """See `SearchMethod.work`: how many trials end at the same time depends on the round."""
        return [self.turns(number) * epochs for number, epochs in enumerate(self.plan)]

    @property
    def parameter_count(self) -> int:
        """Weights of the proxy."""
        return self.trials.parameter_count

    @property
    def passes(self) -> int:
        """See `SearchMethod.passes`: trials learn, and are judged at their end."""
        return sum(
            LEARNING * self.views(number) + size * len(self.fold_of(number).judges)
            for number, size in enumerate(self.sizes)
        )

    def words(self) -> str:
        """What is done, for people."""
        s, at_once = self.settings, self.trials.at_once(self.sizes[0])
        return f"{sum(self.sizes)} trials of {s.model}, {count(s.epochs, 'epoch')} each" + (
            f", {at_once} at once" if at_once > 1 else ""
        )

    @classmethod
    def notes(
        cls, asked: SearchSettings, chosen: ResolvedSearch, dataset: Dataset, device: torch.device
    ) -> tuple[str, ...]:
        """See `SearchMethod.notes`."""
        return notes_on_trials(asked, chosen, dataset)

    def cautions(self) -> tuple[str, ...]:
        """See `SearchMethod.cautions`."""
        return too_short(max(self.plan), self.fewest_epochs)

    def advance(self, on_step: Tick = lambda: None) -> Record:
        """Advance by one round.

        Args:
            on_step: called after each epoch of a trial.

        Returns:
            As `SearchMethod.advance`, with ``trial_epochs`` of each trial, by name each one's
            score in ``trials``, and ``views``: how many images the networks of all processes were
            shown in training, repetitions included.
        """
        started, number = time.perf_counter(), self.iteration
        candidates = self.candidates(number)
        fold, epochs = self.fold_of(number), self.plan[number]
        try:
            scores = self.trials.scores(
                list(candidates.values()),
                fold,
                seed=self.seeds[number],
                epochs=epochs,
                trunk=self.trunk(number, on_step),
                on_epoch=on_step,
            )
        except DivergedError as error:
            raise DivergedError(f"{error} of a trial in round {number + 1}") from None
        mean = mean_score(scores, f"round {number + 1}")
        self.iteration += 1
        self.keep(scores)
        learnt = self.learn()
        return {
            "event": "epoch",
            "epoch": self.iteration,
            "steps": self.steps[number],
            "trial_epochs": epochs,
            "views": self.views(number),
            "seconds": round(time.perf_counter() - started, 3),
            "train_loss": mean.train_loss,
            "validation_loss": mean.loss,
            "validation_accuracy": mean.accuracy,
            "trials": {n: s._asdict() for n, s in zip(candidates, scores, strict=True)},
            **learnt,
        }

    def turns(self, number: int) -> float:
        """How many groups of whole trainings of this process follow each other in a round."""
        return self.trials.turns(self.sizes[number])

    def views(self, number: int) -> int:
        """Images that the networks of a round are shown, repetitions included."""
        shown = self.sizes[number] * self.own_epochs(self.plan[number])
        return shown * len(self.fold_of(number).train)

    def cost(self) -> Cost:
        """See `SearchMethod.cost`: the epochs of a few trials are timed."""
        start, epoch = rehearsed(
            lambda epochs: self.trials.rehearse(self.sizes[0], epochs, self.folds[0])
        )
        turns = sum(map(self.turns, range(self.length)))
        return Cost(turns, start, epoch, shared=True)

    def replan(self, factor: float, most: int) -> None:
        """Give the trials that are left so many times as many epochs.

        Trials are compared within their round, so that rounds may differ. No fewer than an eighth
        of what was planned first, below which trials show nothing.
        """
        least = -(-self.settings.epochs // _SHORTEST)
        left = (min(most, max(least, int(factor * e))) for e in self.plan[self.iteration :])
        self.plan[self.iteration :] = left

    def plan_in_words(self) -> str:
        """See `SearchMethod.plan_in_words`."""
        return f"the remaining trials have {count(self.plan[self.iteration], 'epoch')} each"

    def state_dict(self) -> dict[str, Any]:
        """See `SearchMethod.state_dict`."""
        return {
            "epoch": self.iteration,
            "losses": self.losses,
            "plan": list(self.plan),
            "stream": _STREAM,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `SearchMethod.load_state_dict`.

        Raises:
            UserError: the state is of an older release, whose trials drew other random numbers.
        """
        iteration, losses, plan = state["epoch"], state["losses"], list(state["plan"])
        if state.get("stream") != _STREAM:
            raise UserError(
                "its trials were begun by another release, which draws other random numbers: "
                "finish the search with that release, or start it anew in another folder"
            )
        if list(map(len, losses)) != self.sizes[:iteration] or len(plan) != self.length:
            raise ValueError("a state of other rounds")
        self.iteration, self.losses, self.plan = iteration, losses, plan
        self.learn()
