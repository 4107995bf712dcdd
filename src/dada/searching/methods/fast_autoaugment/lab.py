"""What is done on one fold: a child is trained, and sets of sub-policies are tried on it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from dada.compute.parallel import Tick
from dada.compute.randomness import forked, stream
from dada.errors import DivergedError
from dada.models.child import Child
from dada.policy import Policy
from dada.searching.methods.fast_autoaugment.matching import match
from dada.searching.methods.fast_autoaugment.settings import ResolvedFastAutoAugment
from dada.searching.methods.fast_autoaugment.tpe import Suggestions
from dada.searching.methods.fast_autoaugment.tried import Set, Tried
from dada.searching.packing import packed
from dada.searching.score import Score
from dada.searching.trials import Fold, Trials

Weights = dict[str, Tensor]
"""A network's state, by name."""

_TRIALS = 4  # the stream of a fold's seed for its trials; the child's training has others
_RANDOM_SHARE = 0.1  # of the trials come before TPE's model: 20 of 200, as HyperOpt has them


class Lab(Trials):
    """Works on any fold, in any process; what it finds follows from its arguments alone.

    Attributes:
        settings: how children are trained, and what is tried.
    """

    settings: ResolvedFastAutoAugment
    stacks = False

    def train(self, fold: Fold, seed: int, epochs: int, tick: Tick) -> tuple[Score, bytes]:
        """The child of a fold: how it does on plain images, and its weights, packed.

        Raises:
            DivergedError: a loss or a weight is not a finite number.
        """
        score, child = self.trained(Policy.none(), fold, seed, epochs, on_epoch=tick)
        if not math.isfinite(score.loss):
            raise DivergedError("the child's loss is not a finite number")
        return score, packed(child.model.state_dict())

    def attempt(
        self,
        fold: Fold,
        seed: int,
        weights: Weights,
        before: Sequence[Tried],
        trials: int,
        tick: Tick,
    ) -> list[Tried]:
        """So many more trials on a fold.

        Args:
            weights: those of the fold's child.
            before: all trials on the fold so far.
            tick: called after each.

        Raises:
            DivergedError: a loss is not a finite number.
        """
        child, suggestions, found = self.child(weights), self.suggestions(before), list[Tried]()
        for number in range(len(before), len(before) + trials):
            own = stream(stream(seed, _TRIALS), number)
            chosen = suggestions.ask(stream(own, 0))
            generator = torch.Generator().manual_seed(stream(own, 1))
            views = self.views(chosen)
            matched = match(child, fold.judges, self.problem.pipeline, views, generator)
            if not math.isfinite(matched.loss):
                raise DivergedError(f"the loss is not a finite number in trial {number + 1}")
            found.append(Tried(chosen, *matched))
            suggestions.tell(found[-1])
            tick()
        return found

    def views(self, chosen: Set) -> list[Policy]:
        """The policies under which each image is seen."""
        scale = self.problem.space.scale
        policy = Policy(Tried(chosen, 0.0, 0.0).parts, scale)
        if self.settings.drawn_views:
            return [policy] * self.settings.size
        # Departs from the published code, where each view draws a sub-policy: of five views, a
        # third of the images would miss any one of the five.
        return [Policy((part,), scale) for part in policy.sub_policies]

    def child(self, weights: Weights) -> Child:
        """A trained child."""
        problem = self.problem
        with forked(problem.device):
            network = problem.network()
        network.load_state_dict(weights)
        return Child(network, problem.device, problem.precision, problem.loss)

    def suggestions(self, tried: Sequence[Tried]) -> Suggestions:
        """What to try next after these."""
        s = self.settings
        return Suggestions(
            operations=self.problem.space.operations,
            size=s.size,
            length=s.length,
            random=max(1, round(_RANDOM_SHARE * s.trials)),
            kind=s.reward,
            tried=tried,
        )
