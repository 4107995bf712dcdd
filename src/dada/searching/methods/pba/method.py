"""PBA: a population of trainings that compete, and the policies of the best one's ancestors."""

from __future__ import annotations

import time
from typing import Any

import torch

from dada.compute.parallel import Tick
from dada.datasets import Dataset
from dada.errors import DivergedError
from dada.extras import library
from dada.policy import AnyPolicy, Policy
from dada.report.numbers import count
from dada.searching.common_settings import ResolvedSearch, SearchSettings
from dada.searching.method import LEARNING, Cost, Record, SearchMethod, SearchProblem
from dada.searching.methods.pba.charts import charts, space_in_words, summary
from dada.searching.methods.pba.competition import Entry, compete
from dada.searching.methods.pba.history import Round, history_of, policy_of, schedule_of
from dada.searching.methods.pba.population import Population
from dada.searching.methods.pba.settings import PbaSettings, ResolvedPba, rounds_of
from dada.searching.methods.pba.values import no_policy
from dada.searching.rounds import notes_on_trials, too_short
from dada.searching.score import NOTHING_LEARNED, guess, mean_score
from dada.searching.trials import Fold, State


class PbaMethod(SearchMethod):
    """Every few epochs the worst trials become copies of the best, weights and policy, and explore.

    The trials train on one half of the images, and the other half judges.

    Attributes:
        seeds: of the trials.
        entries: how each trial begins the next round.
        states: where each trial stands after the last round; None before the first.
        history: the rounds so far.
    """

    name, title = "pba", "population based augmentation"
    Settings = PbaSettings
    unit = "round"
    fewest_epochs = 20

    settings: ResolvedPba

    def __init__(self, problem: SearchProblem, settings: ResolvedPba) -> None:
        super().__init__(problem, settings)
        library("ray.tune", "method pba")  # before anything is trained
        train, judges = problem.halves()
        self.fold = Fold(train, problem.judges(judges))
        self.population = Population(problem, settings)
        generator = torch.Generator().manual_seed(settings.seed)
        self.seeds = torch.randint(2**62, (settings.trials,), generator=generator).tolist()
        nothing = no_policy(problem.space.operations)
        self.entries = [Entry(trial, nothing) for trial in range(settings.trials)]
        self.states: list[State | None] = [None] * settings.trials
        self.history: list[Round] = []
        self.guess = guess(
            problem.loss, train.labels, self.fold.judges.labels, len(problem.classes)
        )

    @property
    def epochs_done(self) -> int:
        """Of each trial."""
        return sum(one.epochs for one in self.history)

    def epochs_of(self, number: int) -> int:
        """Epochs of each trial in a round, from 0."""
        interval = self.settings.interval
        return min(interval, self.plan[number] - number * interval)

    @property
    def epochs(self) -> int:
        """Of each trial in all, as planned now."""
        return sum(map(self.epochs_of, range(self.length)))

    @property
    def steps(self) -> list[int]:
        """Epochs that this process trains in each round."""
        mine = self.population.share(self.settings.trials)
        return [mine * self.epochs_of(number) for number in range(self.length)]

    @property
    def parameter_count(self) -> int:
        """Weights of the proxy."""
        return self.population.parameter_count

    @property
    def passes(self) -> int:
        """See `SearchMethod.passes`: trials learn, and are judged after every round."""
        learnt = self.epochs * len(self.fold.train)
        judged = self.length * len(self.fold.judges)
        return self.settings.trials * (LEARNING * learnt + judged)

    def words(self) -> str:
        """See `SearchMethod.words`."""
        s, at_once = self.settings, self.population.at_once(self.settings.trials)
        return (
            f"a population of {s.trials} trials of {s.model}, {count(self.epochs, 'epoch')} each"
            + (f", {at_once} at once" if at_once > 1 else "")
        )

    def advance(self, on_step: Tick = lambda: None) -> Record:
        """Advance by one round.

        Args:
            on_step: called after each epoch of a trial.

        Returns:
            As `SearchMethod.advance`; ``population`` is the `Round`.
        """
        started, number = time.perf_counter(), self.iteration
        epochs = self.epochs_of(number)
        try:
            trained = self.population.round(
                [policy_of(e.values, self.problem.space).policy() for e in self.entries],
                [self.states[e.source] for e in self.entries],
                self.seeds,
                self.fold,
                epochs=self.plan[number],
                until=self.epochs_done + epochs,
                on_epoch=on_step,
            )
        except DivergedError as error:
            raise DivergedError(f"{error} of a trial in round {number + 1}") from None
        scores = [trial.score for trial in trained]
        mean = mean_score(scores, f"round {number + 1}")
        self.iteration += 1
        self.states = [trial.state for trial in trained]
        self.history.append(
            Round(
                epochs=epochs,
                sources=[entry.source for entry in self.entries],
                values=[list(entry.values) for entry in self.entries],
                losses=[score.loss for score in scores],
                accuracies=[score.accuracy for score in scores],
            )
        )
        self.entries = compete(
            [entry.values for entry in self.entries],
            self.history[-1].accuracies,
            number=self.iteration,
            seed=self.settings.seed,
        )
        return {
            "event": "epoch",
            "epoch": self.iteration,
            "steps": self.steps[number],
            "seconds": round(time.perf_counter() - started, 3),
            "train_loss": mean.train_loss,
            "validation_loss": mean.loss,
            "validation_accuracy": mean.accuracy,
            "population": self.history[-1]._asdict(),
            "findings": {"notes": [] if self.learned else [NOTHING_LEARNED]},
        }

    @property
    def learned(self) -> bool:
        """Whether the best trial does better than guessing."""
        last = self.history[-1]
        return last.losses[last.best] < self.guess

    def policy(self, name: str, provenance: dict[str, Any]) -> AnyPolicy:
        """The schedule of the best trial so far; none, if it does no better than guessing."""
        if not self.history or not self.learned:
            return Policy.none(name, provenance)
        return schedule_of(self.history, self.problem.space, name, provenance)

    def headline(self) -> str:
        """The best trial."""
        last = self.history[-1]
        return f"best: trial {last.best + 1}, accuracy {last.accuracies[last.best]:.1%}"

    @classmethod
    def notes(
        cls, asked: SearchSettings, chosen: ResolvedSearch, dataset: Dataset, device: torch.device
    ) -> tuple[str, ...]:
        """See `SearchMethod.notes`."""
        return notes_on_trials(asked, chosen, dataset)

    def cautions(self) -> tuple[str, ...]:
        """See `SearchMethod.cautions`."""
        return too_short(self.epochs, self.fewest_epochs)

    def cost(self) -> Cost:
        """See `SearchMethod.cost`: a round of the trials that run at once is timed."""
        at_once = self.population.at_once(self.settings.trials)
        policies = [self.problem.space.uniform()] * at_once

        def seconds(epochs: int) -> float:
            started = time.perf_counter()
            self.population.round(
                policies, [None] * at_once, self.seeds[:at_once], self.fold,
                epochs=epochs, until=epochs,
            )  # fmt: skip
            return time.perf_counter() - started

        seconds(1)  # warms up
        interval = self.settings.interval
        turns = self.population.turns(self.settings.trials)
        return Cost(turns, 0.0, seconds(interval) / interval, shared=True)

    def replan(self, factor: float, most: int) -> None:
        """Multiply the epochs that are left by `factor`.

        From then on the learning rate is that of a training with the new number of epochs.
        """
        done = self.epochs_done
        total = min(most, done + int(factor * (self.epochs - done)))
        rounds = rounds_of(total, self.settings.interval)
        self.plan[self.iteration :] = [total] * (rounds - self.iteration)

    def plan_in_words(self) -> str:
        """See `SearchMethod.plan_in_words`."""
        return f"the trials have {count(self.epochs, 'epoch')} each in all"

    space_in_words = staticmethod(space_in_words)
    summary = staticmethod(summary)
    charts = staticmethod(charts)

    def state_dict(self) -> dict[str, Any]:
        """See `SearchMethod.state_dict`."""
        return {
            "epoch": self.iteration,
            "plan": list(self.plan),
            "history": [one._asdict() for one in self.history],
            "entries": [[entry.source, list(entry.values)] for entry in self.entries],
            "states": self.states,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `SearchMethod.load_state_dict`."""
        if len(state["entries"]) != len(self.entries):
            raise ValueError("a state of another population")
        self.iteration, self.plan = state["epoch"], list(state["plan"])
        self.history = history_of(state["history"])
        self.entries = [Entry(source, tuple(values)) for source, values in state["entries"]]
        self.states = state["states"]
