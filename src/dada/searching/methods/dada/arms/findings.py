"""What the rounds so far have found: for the policy, for the record, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from dada.ops import get
from dada.searching.methods.dada.arms.critic import Contrasts, distribution_of, unit_of
from dada.searching.methods.dada.arms.probability import LABELS, Choice, choose
from dada.searching.methods.dada.arms.reliability import (
    kinds_limit,
    reliability,
    reliability_limit,
)
from dada.searching.noise import CONFIDENCE, Noise, chance, effects, noise
from dada.searching.score import NOTHING_LEARNED


@dataclass(frozen=True)
class Findings:
    """What the trials have found.

    Attributes:
        operations: N names.
        shares: (N,) how often each is chosen.
        strong: (N,) the chance of the strong half of its magnitudes; 0.5 if nothing is known.
        effects: (N,) the log loss that each saves against no policy.
        noise: that of a single trial of an operation. Trials of probabilities have their own, in
            `choice`, as operations differ more from fold to fold.
        rounds: folds of operations so far, or pairs of folds where arms are weak and strong.
        reliability, reliability_limit: those of the operations' order; None after a single round.
        choice: the chosen probability, and why; None before the rounds of probabilities.
        probability_rounds: rounds of probabilities so far.
        contrasts: between weak and strong; None if there were no such arms.
        learned: whether any network did better than guessing on the images it was scored on.
        rivals: names of the policies that were tried beside the found one.
        kinds_limit: that of the reliability of kinds of operations; None if there are none.
    """

    operations: tuple[str, ...]
    shares: Tensor
    strong: Tensor
    effects: Tensor
    noise: Noise
    rounds: int
    reliability: float | None
    reliability_limit: float | None
    choice: Choice | None
    probability_rounds: int
    contrasts: Contrasts | None = None
    learned: bool = True
    rivals: tuple[str, ...] = ()
    kinds_limit: float | None = None

    @classmethod
    def of(
        cls,
        operations: Sequence[str],
        alone: Tensor,
        probabilities: Tensor,
        kl_weight: float,
        contrasts: Contrasts | None = None,
        learned: bool = True,
        length: int = 2,
        rivals: tuple[str, ...] = (),
        spatial: Tensor | None = None,
    ) -> Findings:
        """From the log losses of all trials.

        Args:
            operations: N names.
            alone: (R, 1 + N) for each fold, or pair of folds, without a policy and with each
                operation.
            probabilities: (P, 5 + K) for each final round, at each of `PROBABILITIES` and of each
                rival.
            kl_weight: weight of the KL penalty towards the uniform policy (`distribution_of`).
            contrasts: between weak and strong; None if there were no such arms.
            learned: whether any network did better than guessing.
            length: operations per sub-policy.
            rivals: K names.
            spatial: (N,) bool, which operations move or hide pixels; None for no kinds.
        """
        rewards, several = -alone[:, 1:], len(alone) > 1 and len(operations) > 1
        choice = None
        if len(probabilities):
            judge = noise(probabilities if len(probabilities) > 1 else alone)
            penalty = length * kl_weight * unit_of(rewards).item()
            choice = _choice(probabilities, judge, penalty, learned)
        shares, strong = distribution_of(rewards, contrasts, kl_weight, spatial)
        return cls(
            operations=tuple(operations),
            shares=shares,
            strong=strong,
            effects=effects(alone),
            noise=noise(alone),
            rounds=len(alone),
            reliability=reliability(rewards) if several else None,
            reliability_limit=reliability_limit(rewards) if several else None,
            kinds_limit=None if spatial is None else kinds_limit(rewards, spatial),
            choice=choice,
            probability_rounds=len(probabilities),
            contrasts=contrasts,
            learned=learned,
            rivals=rivals,
        )

    @property
    def _tried(self) -> tuple[str, ...]:
        """What the final rounds compare with none."""
        return (*LABELS[1:], *self.rivals)

    @property
    def winner(self) -> str | None:
        """The rival that is better than the found policy and than none."""
        won = self.choice.rival if self.choice else None
        return None if won is None else self.rivals[won]

    def record(self) -> dict[str, Any]:
        """The `findings` of a round's event, as plain data.

        Keys:
            operations: by name ``effect``, the log loss that the operation saves against no
                policy, averaged over the folds (above 0: better than none); its
                ``standard_error``; ``p_value``, the chance that noise alone makes the best of all
                operations look this good (Dunnett, one-sided); ``share``, how often the policy
                chooses it; ``strong``, the chance of the strong half of its magnitudes, and
                ``contrast``, what that half saves more than all of them, both null for one without
                a magnitude or before arms were weak and strong. The standard error is
                √(2 s² / rounds), with s² the residual variance of these trials; it and the p-value
                are null while there is a single round.
            reliability: Cronbach's alpha of the operations' rewards; ``reliability_limit``, its
                lower confidence limit, by which the rewards are shrunk. Null after one round.
            kinds_limit: that of the difference between operations that move or hide pixels and
                those that change colours, by which their kinds' means are shrunk if it is larger.
            contrasts: ``reliability`` of the order of the contrasts and its
                ``reliability_limit``; null before arms were weak and strong.
            noise: ``standard_deviation`` of the log loss of a single operation's trial and its
                ``degrees_of_freedom``.
            probability: null before the final rounds. ``chosen``, 0 for none or a rival;
                ``rival``, the name of the one that is taken instead, or null; ``gains``, by
                probability (``"25%"``), and of each rival by name, the ``effect`` and
                ``standard_error`` against none, by the ``noise`` of these trials (after a single
                round of them, that of the operations' trials); ``p_value``, the chance that noise
                alone makes them look this good; ``differ``, whether probabilities above 0 differ by
                more than noise.
            learned: false if no network did better than guessing; then no probability is chosen.
            notes: the conclusions in words.
        """
        return {
            "operations": {
                name: {
                    **_effect(effect, self.noise.error(self.rounds)),
                    "p_value": self._p_value(effect),
                    "share": share,
                    **contrast,
                }
                for name, effect, share, contrast in zip(
                    self.operations,
                    self.effects.tolist(),
                    self.shares.tolist(),
                    self._contrasts(),
                    strict=True,
                )
            },
            "reliability": self.reliability,
            "reliability_limit": self.reliability_limit,
            "kinds_limit": self.kinds_limit,
            "contrasts": self._of_contrasts(),
            "noise": _noise(self.noise),
            "probability": self._probability(),
            "learned": self.learned,
            "notes": self.notes(),
        }

    def _p_value(self, effect: float) -> float | None:
        error = self.noise.error(self.rounds)
        return chance(effect, error, len(self.operations), self.noise.freedom) if error else None

    def _contrasts(self) -> list[dict[str, float | None]]:
        """For each operation the part of its record that says whether weak or strong is better."""
        if self.contrasts is None:
            return [{"contrast": None, "strong": None}] * len(self.operations)
        columns = (self.contrasts.means, self.strong, self.contrasts.having)
        return [
            {"contrast": mean if has else None, "strong": strong if has else None}
            for mean, strong, has in zip(*(c.tolist() for c in columns), strict=True)
        ]

    def _of_contrasts(self) -> dict[str, float | None] | None:
        if self.contrasts is None:
            return None
        known = self.contrasts.reliability
        limit = None if known is None else self.contrasts.limit
        return {"reliability": known, "reliability_limit": limit}

    def _probability(self) -> dict[str, Any] | None:
        if self.choice is None:
            return None
        gains = zip(self._tried, self.choice.gains.tolist(), strict=True)
        error = self.choice.noise.error(self.probability_rounds)
        return {
            "chosen": self.choice.probability,
            "rival": self.winner,
            "gains": {name: _effect(gain, error) for name, gain in gains},
            "noise": _noise(self.choice.noise),
            "p_value": self.choice.p_value,
            "differ": self.choice.differ,
        }

    def notes(self) -> list[str]:
        """The conclusions in words."""
        return [*self._on_operations(), *self._on_contrasts(), *self._on_probabilities()]

    def _on_contrasts(self) -> list[str]:
        if self.contrasts is None or self.contrasts.limit > 0 or not self.contrasts.having.any():
            return []
        return [
            "whether weak or strong is better does not show beyond noise, so magnitudes stay random"
        ]

    def _on_operations(self) -> list[str]:
        notes = []
        if self.reliability_limit == 0 and self.kinds_limit:
            notes.append(
                "single operations do not differ by more than noise, but their kinds do: those "
                f"that {self._better_kind()} are chosen more often than the others"
            )
        elif self.reliability_limit == 0:
            notes.append(
                "operations do not differ by more than noise, so all are chosen equally often"
            )
        error = self.noise.error(self.rounds)
        if error:
            better = self._beyond(self.effects, error)
            worse = self._beyond(-self.effects, error)
            notes.append(
                f"of {len(self.operations)} operations, each alone, against no augmentation: "
                f"better by more than noise: {_named(better)}; worse: {_named(worse)}"
            )
        return notes

    def _better_kind(self) -> str:
        best = self.operations[int(self.shares.argmax())]
        return "move or hide pixels" if get(best).spatial else "change colours"

    def _beyond(self, effects: Tensor, error: float) -> list[str]:
        count, freedom = len(self.operations), self.noise.freedom
        return [
            name
            for name, effect in zip(self.operations, effects.tolist(), strict=True)
            if chance(effect, error, count, freedom) <= 1 - CONFIDENCE
        ]

    def _on_probabilities(self) -> list[str]:
        if self.choice is None:
            return []
        gains, half = self.choice.gains, self.choice.noise.half_width(self.probability_rounds)
        best = int(gains.argmax())
        most = f"{self._tried[best]} changes it by {_signed(gains[best].item())}"
        most += f" ± {100 * half:.1f} %" if half else " %"
        if not self.learned:
            return [NOTHING_LEARNED]
        if self.winner:
            rest = "better than the found policy at any probability tried"
            return [f"{self.winner} is {rest} ({most})"]
        if self.choice.probability == 0:
            others = f", and so does every rival ({_named(self.rivals)})" if self.rivals else ""
            why = (
                f"every probability raises the loss{others}"
                if gains[best] <= 0
                else "no probability lowers the loss by more than noise"
            )
            return [f"no augmentation: {why} (the best, {most})"]
        if not self.choice.differ:
            return [
                f"probabilities of {LABELS[1]} to {LABELS[-1]} do not differ "
                f"by more than noise in the loss; {self.choice.probability:.0%} is taken (the "
                f"best, {most})"
            ]
        return []


def _choice(logs: Tensor, noise: Noise, penalty: float, learned: bool) -> Choice:
    """Differences among networks that only guess are chance, however certain they look."""
    chosen = choose(logs, noise, penalty)
    return chosen if learned else chosen._replace(probability=0.0, rival=None)


def _effect(effect: float, error: float | None) -> dict[str, float | None]:
    return {"effect": effect, "standard_error": error}


def _noise(noise: Noise) -> dict[str, float]:
    return {
        "standard_deviation": noise.variance**0.5,
        "degrees_of_freedom": noise.freedom,
    }


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _signed(gain: float) -> str:
    """A gain as a change of the loss, in per cent."""
    return f"{-100 * gain:+.1f}"
