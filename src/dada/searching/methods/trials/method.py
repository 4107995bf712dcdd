"""A search by trials: each operation's effect, then how often to apply the found policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from dada.policy import Operation, Policy, SubPolicy
from dada.searching.distribution import PolicyDistribution
from dada.searching.method import SearchProblem
from dada.searching.methods.trials import charts
from dada.searching.methods.trials.findings import Findings
from dada.searching.methods.trials.probability import PROBABILITIES
from dada.searching.methods.trials.settings import ResolvedTrials, TrialsSettings
from dada.searching.rounds import NONE, Rounds

ALONE_ON = 0.5  # the share of images that an operation is applied to when tried alone
KEPT_WEIGHT = 0.99  # the fewest sub-policies that hold this share of the weight are kept


class TrialsMethod(Rounds):
    """Whole trainings under each operation, and under the policy that these suggest.

    A single step shows how an operation disturbs the network, not what the network learns from it
    (docs/research.md). Here the inner problem is trained to its end: the reward of an operation is
    the share by which training with it on half of the images lowers the loss on the other half,
    against training without a policy. Rounds train on the two halves in turn. In the last two
    rounds the policy of all operations, weighted by their rewards, is tried at several
    probabilities, 0 among them: no augmentation is a possible outcome.
    """

    name, title = "trials", "DADA, by trials"
    Settings = TrialsSettings
    summary = staticmethod(charts.summary)
    gains = staticmethod(charts.gains)
    charts = staticmethod(charts.charts)
    settings: ResolvedTrials

    def __init__(self, problem: SearchProblem, settings: ResolvedTrials) -> None:
        super().__init__(problem, settings)
        # Direct: probabilities are set, 0 included; nothing is learnt by gradient.
        self.distribution = PolicyDistribution(problem.space, settings.spread, direct=True)

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations tried, in the order of the rewards' columns."""
        return self.distribution.table.operations

    def candidates(self, number: int) -> dict[str, Policy]:
        """See `Rounds.candidates`."""
        if number < self.settings.rounds:
            return {NONE: Policy.none()} | {name: self.alone(name) for name in self.operations}
        found = self._chosen("", {})
        return {f"{probability:.0%}": _at(found, probability) for probability in PROBABILITIES}

    def alone(self, name: str) -> Policy:
        """The policy of a single operation, at random strength if the spread is above 0."""
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
            # A sub-policy's weight is the product of its operations' shares.
            self.distribution.selection.copy_(chosen[self.distribution.table.operation].sum(1))
            if findings.choice:
                self.distribution.probability.fill_(findings.choice.probability)
        return {
            "tried_probabilities": list(PROBABILITIES) if len(self.losses) > rounds else None,
            "findings": findings.record(),
            **self.distribution.record(),
        }

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy so far; none, if no probability above 0 is better."""
        nothing = not self.distribution.probabilities().any()
        return Policy.none(name, provenance) if nothing else self._chosen(name, provenance)

    def _chosen(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy of all operations by their shares, whichever probability is best."""
        keep = self.settings.keep or self.distribution.leading(KEPT_WEIGHT)
        return self.distribution.policy(keep, self.settings.uniform_weights, name, provenance)

    def headline(self) -> str:
        """The leading sub-policies."""
        return self.distribution.headline()


def _at(policy: Policy, probability: float) -> Policy:
    """The policy with all probabilities replaced."""

    def changed(sub_policy: SubPolicy) -> SubPolicy:
        operations = (replace(o, probability=probability) for o in sub_policy.operations)
        return replace(sub_policy, operations=tuple(operations))

    return replace(policy, sub_policies=tuple(map(changed, policy.sub_policies)))
