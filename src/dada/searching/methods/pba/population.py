"""The trials of a population: networks that are trained for a while, scored, and trained on."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple

from dada.augment.loader import Augment
from dada.compute.parallel import Tick
from dada.compute.randomness import forked, stream
from dada.policy import AnyPolicy, Policy
from dada.searching.packing import packed, unpacked
from dada.searching.score import Score
from dada.searching.trials import Fold, State, Trials, advance, drawn_apart
from dada.training.augmentations import PerEpoch
from dada.training.training import Training


class Trained(NamedTuple):
    """A trial after a round.

    Attributes:
        score: on held-out images.
        state: from which it, or a copy of it, goes on: weights, optimiser and random numbers.
    """

    score: Score
    state: State


class Population(Trials):
    """Makes the rounds of a population, on many cores and by all processes of a job.

    Each trial begins with weights and an order of the images of its own, which its copies go on
    with: what a trial becomes depends on the seed of its first ancestor and on its policies alone.
    They are not trained side by side as one network, so that the same policies lead to the same
    bits again.
    """

    stacks = False

    def round(
        self,
        policies: Sequence[Policy],
        states: Sequence[State | None],
        seeds: Sequence[int],
        fold: Fold,
        *,
        epochs: int,
        until: int,
        on_epoch: Tick = lambda: None,
    ) -> list[Trained]:
        """Train every trial on, under a policy each.

        Args:
            policies: of the trials.
            states: where each stands; None begins with its seed.
            seeds: of the trials that begin.
            epochs: of the whole training.
            until: the epoch, from 1, after which it is scored.
            on_epoch: called after each epoch of each trial of this process.
        """

        def one(place: int, on_epoch: Tick) -> tuple[Score, bytes]:
            with forked(self.problem.device):
                training = self.begin(policies[place], fold, seeds[place], epochs)
                state = states[place]
                if state is not None:
                    training.load_state_dict(deepcopy(state))  # an optimiser keeps what it is given
                record = advance(training, until, on_epoch)
                after = packed(training.state_dict())
            return Score(record["train_loss"], *self._judged(training.tested, fold)), after

        found = self.gathered(len(policies), one, on_epoch)
        return [Trained(score, unpacked(state)) for score, state in found]

    def begin(self, policy: AnyPolicy, fold: Fold, seed: int, epochs: int) -> Training:
        """A trial at its beginning.

        Trained to the end under the schedule that the search finds, one with the seed of the best
        trial's first ancestor has the best trial's weights, unless a budget changed the plan.
        """

        def at(epoch: int, epochs: int) -> Augment:
            return drawn_apart(policy.at(epoch, epochs), stream(self.settings.seed, epoch))

        given = self._given(fold.train, seed, epochs)
        return Training(model=self.problem.network(), augment=PerEpoch(at), **given)
