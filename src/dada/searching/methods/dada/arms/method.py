"""DADA by arms of a training: each operation's effect, then how often to apply the found policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from dada.compute.parallel import Tick
from dada.datasets import at_most, folds
from dada.datasets.strata import class_sizes
from dada.ops import get
from dada.policy import Operation, Policy, SubPolicy, trivial_augment
from dada.searching.distribution import PolicyDistribution
from dada.searching.method import SearchProblem
from dada.searching.methods.dada.arms import charts
from dada.searching.methods.dada.arms.critic import contrasts_of
from dada.searching.methods.dada.arms.findings import Findings
from dada.searching.methods.dada.arms.probability import LABELS, PROBABILITIES
from dada.searching.methods.dada.arms.settings import ArmsSettings, ResolvedArms
from dada.searching.noise import log_losses
from dada.searching.rounds import NONE, Rounds
from dada.searching.trials import Fold, State

ALONE_ON = 0.5  # the share of images that an operation is applied to when tried alone
WEAK, MIDDLE, STRONG = 0.1, 0.5, 0.9  # magnitudes; with a spread of 1, chances of the strong half
KEPT_WEIGHT = 0.99  # the fewest sub-policies that hold this share of the weight are kept
_MOST_JUDGES = 5000
_FEWEST_TUNED = 8  # epochs from pre-trained weights; with 6, errors are 1 to 3 points higher


class Arms(Rounds):
    """Trainings under each operation, and under the policy that these suggest.

    A single step shows how an operation disturbs the network, not what the network learns from it
    (docs/research.md). Here the inner problem is trained to its end: the reward of an operation is
    the share by which training with it on half of the images of a small fold lowers the loss on the
    images outside the fold, against training without a policy. With an even number of folds, 4 or
    more, each operation is weak on half of them and strong on the others. In the final rounds the
    policy of all operations is tried at several probabilities, 0 among them: no augmentation is a
    possible outcome. So are, if asked for, policies that need no search.
    """

    name, title, form = "dada", "DADA", "at a horizon above 0"
    moving = True
    Settings = ArmsSettings
    summary = staticmethod(charts.summary)
    gains = staticmethod(charts.gains)
    charts = staticmethod(charts.charts)
    settings: ResolvedArms
    fewest_epochs = 25  # of a network that learns from nothing

    def __init__(self, problem: SearchProblem, settings: ResolvedArms) -> None:
        super().__init__(problem, settings)
        if settings.weights:
            self.fewest_epochs = _FEWEST_TUNED
        self.winner: str | None = None
        # Direct: probabilities are set, 0 included; nothing is learnt by gradient.
        self.distribution = PolicyDistribution(problem.space, settings.spread, direct=True)

    def cut(self, problem: SearchProblem) -> list[Fold]:
        """Small folds, each judged by the images outside it, and by the user's validation set."""
        settings, found = self.settings, []
        count = settings.folds
        if settings.final_rounds:  # what suggested a policy flatters it
            count = max(count, min(settings.rounds_in_all, self._there_are(problem)))
        for train, rest in folds(
            problem.images, count, settings.fold_images, classes=problem.classes
        ):
            others = rest.subset(at_most(rest.labels, _MOST_JUDGES))
            found.append(Fold(train.to(problem.device), problem.judges(others)))
        return found

    def _there_are(self, problem: SearchProblem) -> int:
        """How many folds the images make, the largest class having an image for each."""
        largest = int(class_sizes(problem.images.labels.cpu().numpy()).max())
        return min(len(problem.images) // self.settings.fold_images, largest)

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations tried, in the order of the rewards' columns."""
        return self.distribution.table.operations

    @property
    def sides(self) -> Tensor:
        """(folds, N) how strong each arm is: 0.8 or −0.8 in turn, or 0 for all magnitudes alike.

        1 is the whole strong half of an operation's range, −1 the weak one.
        """
        count, having = self.settings.folds, self._having
        if count < 4 or count % 2:
            return torch.zeros(count, len(having), dtype=torch.float64)
        fold, place = torch.arange(count)[:, None], torch.arange(len(having))
        # Another binary digit of the place in each pair of folds: what a pair's levels take from
        # the contrasts, or add to them, differs from pair to pair.
        turn = (place >> (fold // 2 % 4)) + fold
        return torch.where(turn % 2 == 0, WEAK - STRONG, STRONG - WEAK).double() * having

    @property
    def _having(self) -> Tensor:
        """(N,) bool: which operations have a magnitude."""
        table = self.distribution.table
        having = torch.zeros(len(table.operations), dtype=torch.bool)
        having[table.operation[table.has_magnitude]] = True
        return having

    def candidates(self, number: int) -> dict[str, Policy]:
        """See `Rounds.candidates`."""
        if number < self.settings.folds:
            named = zip(self.operations, self.sides[number].tolist(), strict=True)
            return {NONE: Policy.none()} | {name: self.alone(name, side) for name, side in named}
        found = self._chosen("", {})
        tried = [_at(found, probability) for probability in PROBABILITIES]
        return dict(zip(LABELS, tried, strict=True)) | self.rivals

    @cached_property
    def rivals(self) -> dict[str, Policy]:
        """Policies without a search that the found one must beat, by name."""
        if not self.settings.rivals:
            return {}
        space = self.problem.space
        return {p.name: p for p in (space.uniform(), trivial_augment(space.operations))}

    @staticmethod
    def no_better(settings: Mapping[str, Any]) -> dict[str, str]:
        """See `SearchMethod.no_better`: of the rivals, the one that has a name elsewhere."""
        said = "TrivialAugment, which the search tried as well, is no better than none"
        return {"TrivialAugment": said} if settings.get("rivals") else {}

    def alone(self, name: str, side: float = 0.0) -> Policy:
        """The policy of a single operation: weak, strong or, at side 0, of any strength."""
        magnitude = STRONG if side > 0 else WEAK if side < 0 else MIDDLE
        operation = Operation(name, ALONE_ON, magnitude, self.settings.spread)
        return Policy((SubPolicy((operation,)),), self.problem.space.scale)

    def own_epochs(self, epochs: int) -> int:
        """See `Rounds.own_epochs`: the horizon's share, at the end of the training."""
        return max(1, round(self.settings.horizon * epochs))

    @property
    def steps(self) -> list[int]:
        """See `Rounds.steps`; the first process trains the trunks."""
        first = self.problem.processes.first
        pairs = zip(super().steps, self.plan, strict=True)
        return [steps + first * self._trunk_epochs(epochs) for steps, epochs in pairs]

    @property
    def parts(self) -> list[tuple[int, float]]:
        """See `SearchMethod.parts`: first the trunk of each round, alone, and then its arms."""
        found = []
        for epochs, (steps, work) in zip(self.plan, super().parts, strict=True):
            trunk, alone = self._trunk_epochs(epochs), (1 - self.settings.horizon) * epochs
            found += [(trunk, alone), (steps - trunk, work - alone)]
        return found

    def views(self, number: int) -> int:
        """See `Rounds.views`."""
        trunk = self._trunk_epochs(self.plan[number]) * len(self.fold_of(number).train)
        return super().views(number) + trunk

    def turns(self, number: int) -> float:
        """See `Rounds.turns`: arms are parts of a training, and so is their trunk."""
        own = self.settings.horizon
        return super().turns(number) * own + (1 - own)

    def trunk(self, number: int, on_step: Tick) -> State | None:
        """See `Rounds.trunk`: without a policy, up to the horizon."""
        epochs, until = self.plan[number], self._trunk_epochs(self.plan[number])
        if not until:
            return None
        fold = self.fold_of(number)
        return self.trials.trunk(fold, self.seeds[number], epochs, until, on_step)

    def _trunk_epochs(self, epochs: int) -> int:
        return epochs - self.own_epochs(epochs)

    def learn(self) -> dict[str, Any]:
        """Turn the rounds so far into the distribution."""
        count = self.settings.folds
        alone, probabilities = self.losses[:count], self.losses[count:]
        logs = log_losses(alone)
        contrasts = None
        if len(alone) > 1 and self.sides.any():
            logs = logs[: len(logs) // 2 * 2]
            contrasts = contrasts_of(logs[:, 1:], self.sides[: len(logs)], self._having)
            logs = logs.unflatten(0, (-1, 2)).mean(1)
        findings = Findings.of(
            self.operations,
            logs,
            log_losses(probabilities),
            self.settings.kl_weight,
            contrasts,
            learned=self.learned(),
            length=self.settings.length,
            rivals=tuple(self.rivals),
            spatial=torch.tensor([get(name).spatial for name in self.operations]),
        )
        self.winner = findings.winner
        chosen, table = findings.shares.log(), self.distribution.table
        with torch.no_grad():
            # A sub-policy's weight is the product of its operations' shares.
            self.distribution.selection.copy_(chosen[table.operation].sum(1))
            self.distribution.magnitude.copy_(findings.strong[table.operation])
            if findings.choice:
                self.distribution.probability.fill_(findings.choice.probability)
        return {
            "tried_probabilities": list(PROBABILITIES) if probabilities else None,
            "findings": findings.record(),
            **self.distribution.record(),
        }

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy so far; none, if no probability above 0 is better; a rival, if one is."""
        if self.winner:
            rival = self.rivals[self.winner]
            provenance = {**provenance, "candidate": self.winner}
            return replace(rival, name=name, provenance=provenance).rounded()
        nothing = not self.distribution.probabilities().any()
        return Policy.none(name, provenance) if nothing else self._chosen(name, provenance)

    def _chosen(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy of all operations by their shares, whichever probability is best."""
        keep = self.settings.keep or self.distribution.leading(KEPT_WEIGHT)
        return self.distribution.policy(keep, self.settings.uniform_weights, name, provenance)

    def headline(self) -> str:
        """The leading sub-policies, or the rival that is better."""
        return self.winner or self.distribution.headline()


def _at(policy: Policy, probability: float) -> Policy:
    """The policy with all probabilities replaced."""

    def changed(sub_policy: SubPolicy) -> SubPolicy:
        operations = (replace(o, probability=probability) for o in sub_policy.operations)
        return replace(sub_policy, operations=tuple(operations))

    return replace(policy, sub_policies=tuple(map(changed, policy.sub_policies)))
