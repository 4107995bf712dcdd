"""The policy distribution: what a search learns, its draws, and the policy at the end."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from dada.augment import Draw, Table
from dada.estimators import (
    bernoulli,
    bernoulli_given,
    categorical,
    categorical_given,
    logistic,
    open_uniform,
)
from dada.policy import Operation, Policy, SearchSpace, SubPolicy
from dada.searching.sample import Groups, Sample

_TINY = 1e-30
_INSIDE = 1e-3  # probabilities and magnitudes act as if this far from 0 and 1
_LOGIT = 6.9  # the logit of 1 - 1e-3


class PolicyDistribution(nn.Module):
    """Logits over S sub-policies, and probability and magnitude of their K operations.

    Args:
        space: the search space.
        spread: randomness of magnitudes, as in `dada.policy.Operation`.
        direct: keep probabilities and magnitudes themselves, clipped, as the published code
            does; otherwise keep their logits.
    """

    def __init__(self, space: SearchSpace, spread: float = 1.0, direct: bool = False) -> None:
        super().__init__()
        self.space = space
        self.table = Table.of(space.sub_policies, space.scale)
        self.spread = spread
        self.direct = direct
        size, length = self.table.operation.shape
        middle = 0.5 if direct else 0.0
        # float64: a few hundred numbers, and byte-equal policies are worth the bits.
        self.selection = nn.Parameter(torch.full((size,), 1e-3, dtype=torch.float64))
        self.probability = nn.Parameter(torch.full((size, length), middle, dtype=torch.float64))
        self.magnitude = nn.Parameter(torch.full((size, length), middle, dtype=torch.float64))

    def logits(self) -> Groups:
        """Copies of all logits, (S,), (S, K) and (S, K), as leaves of a new graph."""

        def free(parameter: Tensor, direct: bool) -> Tensor:
            raw = parameter.detach().clone()
            return (raw.clamp(_INSIDE, 1 - _INSIDE).logit() if direct else raw).requires_grad_()

        return Groups(
            free(self.selection, False),
            free(self.probability, self.direct),
            free(self.magnitude, self.direct),
        )

    def sample(self, count: int, generator: torch.Generator) -> Sample:
        """`count` independent draws, from explicit uniform noise of `generator` (CPU)."""
        size, length = self.table.operation.shape

        def noise(*shape: int) -> Tensor:
            return open_uniform((count, *shape), generator)

        logits = self.logits()
        selection = logits.selection.expand(count, size)
        z_selection = categorical(selection, noise(size))
        sub_policy = z_selection.detach().argmax(-1)
        present = self.table.present[sub_policy]
        rows = Groups(selection, logits.probability[sub_policy], logits.magnitude[sub_policy])
        u_applied = noise(length)
        z_applied = bernoulli(rows.probability, u_applied)
        applied = (z_applied.detach() > 0) & present
        log_bits = torch.where(
            applied, logsigmoid(rows.probability), logsigmoid(-rows.probability)
        ).where(present, 0.0)
        relevant = applied & self.table.has_magnitude[sub_policy]
        z_magnitude = rows.magnitude.detach() + self.spread * logistic(noise(length))
        magnitude = z_magnitude.sigmoid()
        chosen = selection.log_softmax(-1).gather(-1, sub_policy[:, None])
        return Sample(
            sub_policy=sub_policy,
            applied=applied,
            magnitude=magnitude,
            relevant=relevant,
            logits=logits,
            rows=rows,
            log_selection=chosen.squeeze(-1),
            log_applied=log_bits.sum(-1),
            log_magnitude=self._log_density(z_magnitude, rows.magnitude).where(relevant, 0.0),
            z_selection=z_selection,
            z_selection_given=categorical_given(selection, sub_policy, noise(size)),
            z_applied=z_applied,
            z_applied_given=bernoulli_given(rows.probability, applied, noise(length)),
            noise_applied=logistic(u_applied),
        )

    def realise(self, sample: Sample, index: Tensor, generator: torch.Generator) -> Draw:
        """Draws for B images: image i gets draw index[i], with a sign and place of its own."""
        count, length = len(index), self.table.operation.shape[1]
        return self.table.realise(
            sample.sub_policy[index],
            sample.applied[index],
            sample.magnitude[index],
            open_uniform((count, length), generator) < 0.5,
            open_uniform((count, length, 2), generator),
        )

    def _log_density(self, z: Tensor, centre: Tensor) -> Tensor:
        """Log density of the logistic noise on a magnitude's logit, up to a constant."""
        if self.spread == 0:
            return torch.zeros_like(centre)
        x = (z - centre) / self.spread
        return logsigmoid(x) + logsigmoid(-x)

    def accumulate(self, gradients: Groups, factor: float) -> None:
        """Add `factor` times the gradients in the logits to the parameters' `.grad`."""
        for parameter, gradient in zip(self.parameters(), gradients.all(), strict=True):
            if self.direct and parameter is not self.selection:
                # d logit / d p, bounded: what is at 0 or 1 must be able to come back.
                inside = parameter.detach().clamp(_INSIDE, 1 - _INSIDE)
                gradient = gradient / (inside * (1 - inside))  # noqa: PLW2901
            change = factor * gradient
            parameter.grad = change if parameter.grad is None else parameter.grad + change

    def natural(self, gradients: Groups) -> Groups:
        """The gradients divided by the Fisher information of the draws (Amari 1998).

        The result does not depend on how often a parameter is used: for the selection it is each
        sub-policy's expected reward less the mean, for a probability the difference that applying
        the operation makes, for a magnitude three times the reward's slope in its logit.
        """
        weight = self.weights()
        chance = weight[:, None] * self.probabilities()
        # A fixed magnitude carries no information; assume a spread of 1.
        information = chance / (3 * (self.spread or 1.0) ** 2)
        return Groups(
            gradients.selection / weight.clamp_min(_TINY),
            gradients.probability / (chance * (1 - self.probabilities())).clamp_min(_TINY),
            gradients.magnitude / information.clamp_min(_TINY),
        )

    @torch.no_grad()
    def clip(self) -> None:
        """Keep probabilities and magnitudes within [0, 1], or their logits within bounds.

        Nothing is learnt about an operation that is never applied, so logits stay between those of
        0.1 and 99.9 %.
        """
        for parameter in (self.probability, self.magnitude):
            if self.direct:
                parameter.clamp_(0, 1)
            else:
                parameter.clamp_(-_LOGIT, _LOGIT)

    def weights(self) -> Tensor:
        """(S,) selection probabilities."""
        return self.selection.detach().softmax(-1)

    def probabilities(self) -> Tensor:
        """(S, K) chances that the operations are applied."""
        raw = self.probability.detach()
        return raw if self.direct else raw.sigmoid()

    def magnitudes(self) -> Tensor:
        """(S, K) magnitudes in [0, 1]: the medians where they are random."""
        raw = self.magnitude.detach()
        return raw if self.direct else raw.sigmoid()

    def record(self) -> dict[str, Any]:
        """Its state as plain data, for an event."""
        weights = self.weights()
        return {
            "entropy": torch.special.entr(weights).sum().item(),
            "weights": weights.tolist(),
            "probabilities": self.probabilities().tolist(),
            "magnitudes": self.magnitudes().tolist(),
        }

    def headline(self) -> str:
        """``leading: Rotate+Invert 2.1%, …``: the three sub-policies of most weight."""
        weights = self.weights().tolist()
        best = sorted(range(len(weights)), key=lambda s: -weights[s])[:3]
        names = ("+".join(self.space.sub_policies[s]) for s in best)
        leading = (f"{name} {weights[s]:.1%}" for name, s in zip(names, best, strict=True))
        return "leading: " + ", ".join(leading)

    def leading(self, share: float) -> int:
        """The fewest sub-policies that together hold at least this share of the weight."""
        held = self.weights().sort(descending=True).values.cumsum(0)
        return int((held < share - 1e-9).sum()) + 1

    def policy(self, keep: int, uniform: bool, name: str, provenance: dict) -> Policy:
        """The `keep` leading sub-policies, with their weights or, as in the paper, equal ones."""
        weights = self.weights()
        order = weights.argsort(descending=True, stable=True)[:keep].tolist()
        probability, magnitude = self.probabilities().tolist(), self.magnitudes().tolist()
        kept = weights[order]
        shares = (kept / kept.sum()).tolist()
        return Policy(
            tuple(
                SubPolicy(
                    tuple(
                        Operation(o, probability[s][k], magnitude[s][k], self.spread)
                        for k, o in enumerate(self.space.sub_policies[s])
                    ),
                    1.0 if uniform else share,
                )
                for s, share in zip(order, shares, strict=True)
            ),
            self.space.scale,
            name,
            provenance,
        ).rounded()
