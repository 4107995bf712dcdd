"""A search by trials: each operation's worth, then how much of the found policy."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from dada.augment import Pipeline
from dada.compute.device import best_precision
from dada.compute.distributed import ALONE, Processes
from dada.compute.parallel import Load, Tick, concurrency, run_parallel
from dada.compute.threads import parameter_count
from dada.datasets import ImageSet
from dada.errors import DivergedError
from dada.models.child import Loss
from dada.policy import Operation, Policy, SubPolicy
from dada.report.numbers import count
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.trials.amount import AMOUNTS
from dada.searching.methods.trials.findings import Findings
from dada.searching.methods.trials.rounds import NONE
from dada.searching.methods.trials.trial import Trial, Verdict, guess
from dada.searching.settings import Settings, search_space

ALONE_ON = 0.5  # of the images, where an operation is tried by itself
KEPT_WEIGHT = 0.99  # the fewest sub-policies that hold this share of the weight are kept
_HALVES = 2
_SHORTEST = 8  # the part of the planned epochs that a trial keeps when time is short


class TrialSearch:
    """The state of a search by trials, and how it advances, a round at a time.

    What one step tells of an operation is how it disturbs the network, not what the network will
    have learnt from it (docs/research.md). Here the inner problem is trained to its end: the
    reward of an operation is by what share a training on half of the images, with it, lowers the
    loss on the other half, against a training without a policy. Rounds take the halves in turn.
    In the last two rounds the policy of all operations, chosen by their rewards, is tried in
    several amounts, 0 among them: no augmentation is a possible outcome.

    Args:
        settings: complete (`for_dataset`).
        train, valid: the halves.
        network: makes a child network, by PyTorch's global generator.
        pipeline: the data pipeline around the policy.
        device: where networks run.
        processes: that share the trials of a round; what comes out does not depend on them.
        loss: of each image, from its logits; None is the usual one for the labels.
    """

    unit, method = "round", "DADA, by trials"

    def __init__(
        self,
        settings: Settings,
        train: ImageSet,
        valid: ImageSet,
        network: Callable[[], nn.Module],
        pipeline: Pipeline,
        device: torch.device,
        processes: Processes = ALONE,
        loss: Loss | None = None,
        classes: int | None = None,
    ) -> None:
        self.settings, self.processes, self.device = settings, processes, device
        self.train, self.valid = train.to(device), valid.to(device)
        self.epoch = 0
        # Direct: what is set is a probability, 0 too, and none of it is learnt by gradient.
        self.distribution = PolicyDistribution(search_space(settings), settings.spread, direct=True)
        self.trial = Trial(
            settings,
            network,
            pipeline,
            device,
            best_precision(device, settings.precision),
            loss or train.task.loss(torch.cat([train.labels, valid.labels]), settings.balance),
        )
        first, second = self.train.labels, self.valid.labels
        outputs = classes or int(torch.cat([first, second]).max()) + 1
        halves = (first, second), (second, first)
        self._guesses = [guess(self.trial.loss, *half, outputs) for half in halves]
        self.parameter_count = parameter_count(network())
        generator = torch.Generator().manual_seed(settings.seed)
        self._seeds = torch.randint(2**62, (self.length,), generator=generator).tolist()
        self._losses: list[list[float]] = []  # of each round
        self.plan = list(settings.plan or [settings.epochs] * self.length)
        """Epochs of the trials of each round."""

    @property
    def length(self) -> int:
        """Rounds in all."""
        return self.settings.rounds + _HALVES

    @property
    def steps(self) -> list[int]:
        """Epochs that this process trains in each round."""
        return [len(self._mine(number)) * epochs for number, epochs in enumerate(self.plan)]

    def words(self) -> str:
        """What is done, for people."""
        each = count(self.settings.epochs, "epoch")
        return f"{self.trials} trials of {self.settings.model}, {each} each"

    @property
    def trials(self) -> int:
        """How many there are in all, of all processes."""
        return sum(map(self._count, range(self.length)))

    def rest(self) -> float:
        """What is left to do, in units of the last round."""
        turns = [self._turns(number) * epochs for number, epochs in enumerate(self.plan)]
        return sum(turns[self.epoch :]) / turns[self.epoch - 1]

    def replan(self, factor: float, most: int) -> None:
        """Give the trials that are left so many times as many epochs.

        Trials are compared within their round, so that rounds may differ. No less than an eighth
        of what was planned first, below which trials show nothing, and no more than `most`.
        """
        least = -(-self.settings.epochs // _SHORTEST)
        left = (min(most, max(least, int(factor * e))) for e in self.plan[self.epoch :])
        self.plan[self.epoch :] = left

    def changed_plan(self) -> dict[str, Any]:
        """The setting that repeats this search, where a budget changed its plan."""
        s = self.settings
        return (
            {}
            if self.plan == list(s.plan or [s.epochs] * self.length)
            else {"plan": list(self.plan)}
        )

    def plan_in_words(self) -> str:
        """What trials are left."""
        return f"the remaining trials have {count(self.plan[self.epoch], 'epoch')} each"

    def settled(self, done: Sequence[dict[str, Any]]) -> None:
        """Why to stop early: never, as every round has its purpose."""

    @property
    def operations(self) -> tuple[str, ...]:
        """Those that are tried, in the order of their rewards."""
        return self.distribution.table.operations

    def run_epoch(self, on_step: Callable[[int], None] | None = None) -> dict[str, Any]:
        """Advance by one round.

        Args:
            on_step: called after each epoch of a trial with its number in the round, from 1.

        Returns:
            What happened, as plain data: ``trial_epochs``, of each trial; ``trials``, by name each
            one's losses and accuracy, which in the rounds of operations begin with "no
            augmentation"; ``tried_probabilities``, of the trials of a round that does not try
            operations, else null; ``findings`` so far (`Findings.record`); and the distribution.

        Raises:
            DivergedError: a loss is not a finite number.
        """
        started, steps = time.perf_counter(), 0

        def count() -> None:
            nonlocal steps
            steps += 1
            if on_step:
                on_step(steps)

        policies = self._policies(self.epoch)
        verdicts = self._tried(list(policies.values()), count)
        self.epoch += 1
        means = [sum(column) / len(verdicts) for column in zip(*verdicts, strict=True)]
        if not all(map(math.isfinite, means)):
            raise DivergedError(f"the loss is not a finite number in round {self.epoch}")
        self._losses.append([verdict.loss for verdict in verdicts])
        findings = self._learn()
        return {
            "event": "epoch",
            "epoch": self.epoch,
            "steps": steps,
            "trial_epochs": self.plan[self.epoch - 1],
            "seconds": round(time.perf_counter() - started, 3),
            "train_loss": means[0],
            "validation_loss": means[1],
            "validation_accuracy": means[2],
            "tried_probabilities": self._probabilities(self.epoch - 1),
            "trials": {name: v._asdict() for name, v in zip(policies, verdicts, strict=True)},
            "findings": findings.record(),
            **self.distribution.record(),
        }

    @property
    def at_once(self) -> int:
        """How many trials of a round this process makes at the same time."""
        return concurrency(len(self._mine(0)), self.device, **self._load)

    @property
    def turns(self) -> int:
        """How many trials come one after another in all."""
        return sum(map(self._turns, range(self.length)))

    def _turns(self, number: int) -> int:
        """Of a round."""
        return math.ceil(len(self._mine(number)) / self.at_once)

    def rehearse(self, epochs: int) -> None:
        """A turn of trials of so many epochs, to see how long it takes; nothing is learnt."""
        trial, policy = self._trial_of(epochs), self.alone(self.operations[0])

        def one(number: int, on_epoch: Tick) -> None:
            trial(self.train, self.valid, policy, 0, on_epoch)

        list(run_parallel(self.at_once, one, self.device, **self._load))

    def _trial_of(self, epochs: int) -> Trial:
        settings = self.settings.model_copy(update={"epochs": epochs})
        return replace(self.trial, settings=settings)

    def _policies(self, number: int) -> dict[str, Policy]:
        """What a round tries, by name."""
        if number < self.settings.rounds:
            return {NONE: Policy.none()} | {name: self.alone(name) for name in self.operations}
        found = self._chosen("", {})
        return {f"{amount:.0%}": _at(found, amount) for amount in AMOUNTS}

    def _probabilities(self, number: int) -> list[float] | None:
        """The probabilities that a round tries, in the order of its trials; None of operations."""
        return None if number < self.settings.rounds else list(AMOUNTS)

    @property
    def _load(self) -> Load:
        """How large a trial's work is, for `side_by_side`."""
        pixels = self.settings.batch * math.prod(self.train.images.shape[2:])
        return Load(pixels=pixels, parameters=self.parameter_count)

    def _count(self, number: int) -> int:
        """How many policies a round tries."""
        return 1 + len(self.operations) if number < self.settings.rounds else len(AMOUNTS)

    def alone(self, name: str) -> Policy:
        """An operation by itself, at any strength."""
        operation = Operation(name, ALONE_ON, 0.5, self.settings.spread)
        return Policy((SubPolicy((operation,)),), self.distribution.space.scale)

    def _mine(self, number: int) -> list[int]:
        """The trials of a round that fall to this process."""
        return self.processes.shard(torch.arange(self._count(number))).tolist()

    def _tried(self, policies: list[Policy], on_epoch: Tick) -> list[Verdict]:
        """The verdicts on policies, all by the same half, from the same seed."""
        train, valid = self.train, self.valid
        if self.epoch % _HALVES:
            train, valid = valid, train
        seed, mine = self._seeds[self.epoch], self._mine(self.epoch)
        trial = self._trial_of(self.plan[self.epoch])

        def one(number: int, on_epoch: Tick) -> Verdict:
            return trial(train, valid, policies[mine[number]], seed, on_epoch)

        found = torch.zeros(len(policies), len(Verdict._fields), dtype=torch.float64)
        tried = run_parallel(len(mine), one, self.device, on_epoch, **self._load)
        for number, verdict in tried:
            found[mine[number]] = found.new_tensor(verdict)
        return [Verdict(*row) for row in self.processes.sum(found, self.device).tolist()]

    def _learn(self) -> Findings:
        """Turn the rounds so far into the distribution."""
        rounds = self.settings.rounds
        alone, amounts = self._losses[:rounds], self._losses[rounds:]
        findings = Findings.of(self.operations, alone, amounts, self.settings.price, self._guesses)
        chosen = findings.shares.log()
        with torch.no_grad():
            # A sub-policy is chosen as often as its operations would come together.
            self.distribution.selection.copy_(chosen[self.distribution.table.operation].sum(1))
            if findings.amounts:
                self.distribution.probability.fill_(findings.amounts.amount)
        return findings

    def policy(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy as it stands: none, if no amount of it is better."""
        nothing = not self.distribution.probabilities().any()
        return Policy.none(name, provenance) if nothing else self._chosen(name, provenance)

    def _chosen(self, name: str, provenance: dict[str, Any]) -> Policy:
        """The policy of all operations by their shares, whatever amount of it is best."""
        keep = self.settings.keep or self.distribution.leading(KEPT_WEIGHT)
        uniform = self.settings.uniform_weights
        return self.distribution.policy(keep, uniform, name, provenance)

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next round depends on."""
        return {"epoch": self.epoch, "losses": self._losses, "plan": list(self.plan)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        counts = [self._count(number) for number in range(state["epoch"])]
        plan = state["plan"]
        if [len(losses) for losses in state["losses"]] != counts or len(plan) != self.length:
            raise ValueError("a state of other rounds")
        self.epoch, self._losses, self.plan = state["epoch"], state["losses"], list(plan)
        self._learn()


def _at(policy: Policy, amount: float) -> Policy:
    """The policy with all probabilities replaced."""

    def changed(sub_policy: SubPolicy) -> SubPolicy:
        operations = (replace(o, probability=amount) for o in sub_policy.operations)
        return replace(sub_policy, operations=tuple(operations))

    return replace(policy, sub_policies=tuple(map(changed, policy.sub_policies)))
