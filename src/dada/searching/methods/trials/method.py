"""A search by trials: each operation's effect, then how often to apply the found policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from dada.policy import Operation, Policy, SubPolicy
from dada.searching.distribution import PolicyDistribution
from dada.searching.method import Record, SearchProblem, leading
from dada.searching.methods.trials import charts
from dada.searching.methods.trials.findings import Findings
from dada.searching.methods.trials.probability import PROBABILITIES
from dada.searching.methods.trials.settings import ResolvedTrials, TrialsSettings
from dada.searching.rounds import NONE, Rounds

ALONE_ON = 0.5  # of the images, where an operation is tried by itself
KEPT_WEIGHT = 0.99  # the fewest sub-policies that hold this share of the weight are kept


class TrialsMethod(Rounds):
    """Whole trainings under each operation, and under the policy that these suggest.

    What one step tells of an operation is how it disturbs the network, not what the network will
    have learnt from it (docs/research.md). Here the inner problem is trained to its end: the
    reward of an operation is by what share a training on half of the images, with it, lowers the
    loss on the other half, against a training without a policy. Rounds take the halves in turn.
    In the last two rounds the policy of all operations, chosen by their rewards, is tried at
    several probabilities, 0 among them: no augmentation is a possible outcome.
    """

    name, title = "trials", "DADA, by trials"
    Settings = TrialsSettings
    summary = staticmethod(charts.summary)
    gains = staticmethod(charts.gains)
    charts = staticmethod(charts.charts)
    settings: ResolvedTrials

    def __init__(self, problem: SearchProblem, settings: ResolvedTrials) -> None:
        super().__init__(problem, settings)
        # Direct: what is set is a probability, 0 too, and none of it is learnt by gradient.
        self.distribution = PolicyDistribution(problem.space, settings.spread, direct=True)

    @property
    def operations(self) -> tuple[str, ...]:
        """Those that are tried, in the order of their rewards."""
        return self.distribution.table.operations

    def candidates(self, number: int) -> dict[str, Policy]:
        """See `Rounds.candidates`."""
        if number < self.settings.rounds:
            return {NONE: Policy.none()} | {name: self.alone(name) for name in self.operations}
        found = self._chosen("", {})
        return {f"{probability:.0%}": _at(found, probability) for probability in PROBABILITIES}

    def alone(self, name: str) -> Policy:
        """An operation by itself, at any strength."""
        operation = Operation(name, ALONE_ON, 0.5, self.settings.spread)
        return Policy((SubPolicy((operation,)),), self.problem.space.scale)

    def learn(self) -> dict[str, Any]:
        """Turn the rounds so far into the distribution."""
        rounds = self.settings.rounds
        findings = Findings.of(
            self.operations,
            self.losses[:rounds],
            self.losses[rounds:],
            self.settings.kl_weight,
            self.guesses,
        )
        chosen = findings.shares.log()
        with torch.no_grad():
            # A sub-policy is chosen as often as its operations would come together.
            self.distribution.selection.copy_(chosen[self.distribution.table.operation].sum(1))
            if findings.choice:
                self.distribution.probability.fill_(findings.choice.probability)
        return {
            "tried_probabilities": list(PROBABILITIES) if len(self.losses) > rounds else None,
            "findings": findings.record(),
            **self.distribution.record(),
        }

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy as it stands: none, if no probability above 0 is better."""
        nothing = not self.distribution.probabilities().any()
        return Policy.none(name, provenance) if nothing else self._chosen(name, provenance)

    def _chosen(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy of all operations by their shares, whatever probability of it is best."""
        keep = self.settings.keep or self.distribution.leading(KEPT_WEIGHT)
        return self.distribution.policy(keep, self.settings.uniform_weights, name, provenance)

    def headline(self, record: Record) -> str:
        """The leading sub-policies."""
        return leading(record, self.problem.space.sub_policies)


def _at(policy: Policy, probability: float) -> Policy:
    """The policy with all probabilities replaced."""

    def changed(sub_policy: SubPolicy) -> SubPolicy:
        operations = (replace(o, probability=probability) for o in sub_policy.operations)
        return replace(sub_policy, operations=tuple(operations))

    return replace(policy, sub_policies=tuple(map(changed, policy.sub_policies)))
