"""AutoAugment in progress: batches of children, and what the controller learns from each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dada.compute.randomness import stream
from dada.compute.threads import threads_for
from dada.datasets import at_most, folds
from dada.policy import Policy
from dada.report.numbers import count
from dada.searching.method import SearchProblem
from dada.searching.methods.autoaugment import charts
from dada.searching.methods.autoaugment.child import choices_of, sub_policies_of
from dada.searching.methods.autoaugment.controller import Controller
from dada.searching.methods.autoaugment.findings import Findings, found
from dada.searching.methods.autoaugment.ppo import Learner
from dada.searching.methods.autoaugment.settings import AutoAugmentSettings, ResolvedAutoAugment
from dada.searching.rounds import NONE, Rounds
from dada.searching.score import Score
from dada.searching.trials import Fold

_MOST_JUDGES = 5000
_FEW_UPDATES = 10  # of the controller: fewer leave it near even chances
_CPU = torch.device("cpu")


class AutoAugmentMethod(Rounds):
    """A controller proposes policies, and learns from the accuracy of networks trained with them.

    Every child is a training of the proxy on the same images under a policy of five sub-policies,
    and is rewarded by its accuracy on the other images. A round is a batch of children that one
    state of the controller drew, and a training without a policy: the controller does not learn of
    it, but it tells whether the best children are more than luck.

    Attributes:
        learner: the controller and its optimiser; the same in all processes.
        decisions: (B, T) of the children of each round so far.
        rewards: of all children so far, their accuracy in [0, 1].
        without: the accuracy without a policy, in each round.
        baselines: what the rewards of each round were compared with.
    """

    name, title = "autoaugment", "AutoAugment"
    unit = "batch"
    Settings = AutoAugmentSettings
    space_in_words = staticmethod(charts.space_in_words)
    summary = staticmethod(charts.summary)
    charts = staticmethod(charts.charts)
    settings: ResolvedAutoAugment

    def __init__(self, problem: SearchProblem, settings: ResolvedAutoAugment) -> None:
        super().__init__(problem, settings)
        controller = Controller(
            choices_of(problem.space),
            turns=settings.size * problem.space.length,
            generator=torch.Generator().manual_seed(stream(settings.seed, 0)),
        )
        self.learner = Learner(controller, settings.controller_lr, settings.controller_epochs)
        self.decisions: list[Tensor] = []
        self.rewards: list[float] = []
        self.without: list[float] = []
        self.baselines: list[float] = []
        self._verdict = ""

    def cut(self, problem: SearchProblem) -> list[Fold]:
        """One part to train on, judged by all other images."""
        size = self.settings.fold_images
        ((train, rest),) = folds(problem.images, 1, size, classes=problem.classes)
        others = rest.subset(at_most(rest.labels, _MOST_JUDGES))
        return [Fold(train.to(problem.device), problem.judges(others))]

    @property
    def sizes(self) -> list[int]:
        """See `Rounds.sizes`; a budget may have dropped the last rounds."""
        s = self.settings
        left = [s.children - number * s.children_per_update for number in range(self.length)]
        return [1 + min(s.children_per_update, children) for children in left]

    def candidates(self, number: int) -> dict[str, Policy]:
        """See `Rounds.candidates`: no policy, and the children that the controller draws now."""
        space, first = self.problem.space, 1 + number * self.settings.children_per_update
        children = {
            f"child {first + place}": Policy(sub_policies_of(decided, space), space.scale)
            for place, decided in enumerate(self.drawn(number))
        }
        return {NONE: Policy.none()} | children

    def drawn(self, number: int) -> Tensor:
        """(B, T): the decisions of a round's children, by the controller as it is."""
        controller, seed = self.learner.controller, stream(self.settings.seed, 1 + number)
        uniform = torch.rand(
            (self.sizes[number] - 1, controller.length),
            generator=torch.Generator().manual_seed(seed),
            dtype=torch.float64,
        )
        with threads_for(controller, _CPU):
            return controller.draw(uniform)

    def keep(self, scores: list[Score]) -> None:
        """See `Rounds.keep`; the controller learns from the children's."""
        decisions = self.drawn(self.iteration - 1)
        super().keep(scores)
        none, *children = [score.accuracy for score in scores]
        rewards = torch.tensor(children, dtype=torch.float64)
        self.baselines.append(self.learner.learn(decisions, rewards))
        self.decisions.append(decisions)
        self.rewards += children
        self.without.append(none)

    def findings(self) -> Findings:
        """The best children so far."""
        return found(
            self.rewards,
            self.without,
            judges=len(self.folds[0].judges),
            learned=self.learned(),
            most=self.settings.best,
        )

    def learn(self) -> dict[str, Any]:
        """See `Rounds.learn`."""
        findings = self.findings()
        said, before = findings.note(len(self.rewards)), self._verdict
        self._verdict = findings.verdict
        # A budget may end the search after any batch, so a change is not kept for the last one.
        news = self._verdict != before or self.iteration == self.length
        return {
            "baseline": self.baselines[-1],
            "controller": self._preferences(),
            "findings": {**findings._asdict(), "said": said, "notes": [said] * news},
        }

    @torch.no_grad()
    def _preferences(self) -> dict[str, Any]:
        """What the controller would decide along the decisions of the last children."""
        controller, decisions = self.learner.controller, self.decisions[-1]
        with threads_for(controller, _CPU):
            entropy = controller(decisions).entropy.sum(1).mean().item()
            shares = controller.distributions(decisions)[0].exp().mean((0, 1)).tolist()
        return {
            "entropy": entropy / controller.most_entropy,
            "operations": dict(zip(self.problem.space.operations, shares, strict=True)),
        }

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The sub-policies of the best children so far, together; none before the first round."""
        if not self.rewards:
            return Policy.none(name, provenance)
        space, best = self.problem.space, list(self.findings().best)
        chosen = torch.cat(self.decisions)[best].flatten()
        children = [f"child {1 + number}" for number in best]
        return Policy(
            sub_policies_of(chosen, space), space.scale, name, {**provenance, "children": children}
        ).rounded()

    def words(self) -> str:
        """What is done, for people."""
        return f"{count(sum(self.sizes) - self.length, 'policy')}, {super().words()}"

    def headline(self) -> str:
        """The best child's accuracy."""
        best, without = (100 * value for value in self.findings()[1:3])
        return f"best: {best:.1f}%, without a policy {without:.1f}%"

    def cautions(self) -> tuple[str, ...]:
        """See `SearchMethod.cautions`."""
        if self.length >= _FEW_UPDATES:
            return super().cautions()
        return (
            *super().cautions(),
            f"the controller learns {self.length} times: its policies are hardly better than "
            "random ones; more children are more updates",
        )

    def replan(self, factor: float, most: int) -> None:
        """Try so many times as many children: all are trained alike, so that they compare."""
        usual = self.settings.planned
        self.plan = usual[: self.iteration + int(factor * (self.length - self.iteration))]

    def plan_in_words(self) -> str:
        """See `SearchMethod.plan_in_words`."""
        return f"the search tries {count(sum(self.sizes) - self.length, 'policy')} in all"

    @property
    def changed_plan(self) -> dict[str, Any]:
        """The settings that repeat this search if a budget changed it: fewer children."""
        s = self.settings
        if self.length == s.rounds_in_all:
            return {}
        fewer = {"children": self.length * s.children_per_update}
        return fewer if s.plan is None else {"plan": list(self.plan), **fewer}

    def state_dict(self) -> dict[str, Any]:
        """See `SearchMethod.state_dict`."""
        return {
            **super().state_dict(),
            "learner": self.learner.state_dict(),
            "decisions": self.decisions,
            "rewards": self.rewards,
            "without": self.without,
            "baselines": self.baselines,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `SearchMethod.load_state_dict`."""
        if len(state["plan"]) > self.length:
            raise ValueError("a state of other rounds")
        self.plan = list(state["plan"])  # which a budget may have cut
        self.learner.load_state_dict(state["learner"])
        self.decisions, self.baselines = list(state["decisions"]), list(state["baselines"])
        self.rewards, self.without = list(state["rewards"]), list(state["without"])
        super().load_state_dict(state)
