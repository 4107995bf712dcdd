"""All folds of a search: on each a child, and what was tried on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from dada.compute.parallel import Tick
from dada.compute.randomness import stream
from dada.datasets import hold_out_repeatedly
from dada.errors import DivergedError
from dada.searching.method import SearchProblem
from dada.searching.methods.fast_autoaugment.lab import Lab, Weights
from dada.searching.methods.fast_autoaugment.settings import ResolvedFastAutoAugment
from dada.searching.methods.fast_autoaugment.tried import Tried
from dada.searching.packing import unpacked
from dada.searching.score import Score, guess
from dada.searching.trials import Fold

Result = TypeVar("Result")


class Folds:
    """What is known of each fold, and more of it, by all processes of the job and their cores.

    Attributes:
        lab: does the work on a fold.
        images: what children train on, and what was held out.
        seeds: of each fold.
        children: how well each does, on images that are not augmented.
        weights: those of each child, on the CPU.
        tried: the trials of each fold so far.
    """

    def __init__(self, problem: SearchProblem, settings: ResolvedFastAutoAugment) -> None:
        self.problem, self.lab = problem, Lab(problem, settings)
        # As in the published code, where folds overlap: each is another random split, of seed 0.
        self.images = [
            Fold(train.to(problem.device), problem.judges(held))
            for train, held in hold_out_repeatedly(
                problem.images, settings.folds, settings.held_out, classes=problem.classes
            )
        ]
        self.seeds = [stream(settings.seed, number) for number in range(settings.folds)]
        self.children: list[Score] = []
        self.weights: list[Weights] = []
        self.tried: list[list[Tried]] = [[] for _ in self.images]

    def __len__(self) -> int:
        return len(self.images)

    def train(self, epochs: int, on_step: Tick) -> None:
        """Train a child on each."""
        found = self._on_all(lambda number, tick: self._trained(number, epochs, tick), on_step)
        self.children = [child for child, _ in found]
        self.weights = [unpacked(weights) for _, weights in found]

    def attempt(self, trials: int, on_step: Tick) -> list[list[Tried]]:
        """So many more trials on each."""
        found = self._on_all(lambda number, tick: self._tried(number, trials, tick), on_step)
        for so_far, new in zip(self.tried, found, strict=True):
            so_far.extend(new)
        return found

    def rehearse_training(self, epochs: int) -> None:
        """Train as many children as this process trains at once."""
        found = self._on_few(lambda number, tick: self._trained(number, epochs, tick))
        self.weights = [unpacked(weights) for _, weights in found]

    def rehearse_trials(self, trials: int) -> None:
        """So many trials with each of these children, after what `tried` says."""
        self._on_few(lambda number, tick: self._tried(number, trials, tick))

    def learned(self) -> bool:
        """Whether any child did better than guessing."""
        problem = self.problem
        return any(
            child.loss
            < guess(problem.loss, fold.train.labels, fold.judges.labels, len(problem.classes))
            for fold, child in zip(self.images, self.children, strict=True)
        )

    def _trained(self, number: int, epochs: int, tick: Tick) -> tuple[Score, bytes]:
        return self.lab.train(self.images[number], self.seeds[number], epochs, tick)

    def _tried(self, number: int, trials: int, tick: Tick) -> list[Tried]:
        return self.lab.attempt(
            fold=self.images[number],
            seed=self.seeds[number],
            weights=self.weights[number],
            before=self.tried[number],
            trials=trials,
            tick=tick,
        )

    def _on_all(self, work: Callable[[int, Tick], Result], on_step: Tick) -> list[Result]:
        """The results of each fold's work."""

        def one(number: int, tick: Tick) -> Result:
            try:
                return work(number, tick)
            except DivergedError as error:
                raise DivergedError(f"{error}, on fold {number + 1}") from None

        return self.lab.gathered(len(self), one, on_step)

    def _on_few(self, work: Callable[[int, Tick], Result]) -> list[Result]:
        """The same of as many folds as this process works on at once."""
        few = self.lab.at_once(len(self))
        done = dict(self.lab.run(few, work))
        return [done[number] for number in range(few)]

    def state_dict(self) -> dict[str, Any]:
        """See `SearchMethod.state_dict`."""
        return {
            "children": [list(child) for child in self.children],
            "weights": self.weights,
            "tried": [[list(one) for one in fold] for fold in self.tried],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `SearchMethod.load_state_dict`."""
        self.children = [Score(*child) for child in state["children"]]
        self.weights = state["weights"]
        self.tried = [[Tried(*one) for one in fold] for fold in state["tried"]]
