"""The policy distribution: what a search learns, its draws, and the policy at the end."""

from __future__ import annotations

from dataclasses import dataclass

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

_INSIDE = 1e-3  # direct probabilities and magnitudes keep this distance from 0 and 1


@dataclass(frozen=True)
class Rows:
    """The parameters that made each draw, one row a draw, free for its gradient.

    Attributes:
        selection: (G, S) logits of the sub-policies.
        probability: (G, K) logits of the chosen sub-policy's operations.
        magnitude: (G, K) logits of their magnitudes.
    """

    selection: Tensor
    probability: Tensor
    magnitude: Tensor

    def all(self) -> tuple[Tensor, Tensor, Tensor]:
        """In the order of `PolicyDistribution.parameters`."""
        return self.selection, self.probability, self.magnitude


@dataclass(frozen=True)
class Sample:
    """G draws from the policy distribution, with what an estimator needs of each.

    Attributes:
        sub_policy: (G,) int64.
        applied: (G, K) bool.
        magnitude: (G, K) in [0, 1], as drawn.
        relevant: (G, K) bool, the magnitude has an effect.
        rows: the parameters behind each draw; everything below carries the graph to them.
        log_selection: (G,) log p(sub-policy).
        log_applied: (G,) log p(applied | sub-policy): only its own K bits.
        log_magnitude: (G,) log density of the magnitudes that have an effect; 0 without spread.
        z_selection, z_selection_given: (G, S) relaxed, and given the draw.
        z_applied, z_applied_given: (G, K) likewise.
        noise_applied: (G, K) the logistic noise of the bits, independent of the selection.
    """

    sub_policy: Tensor
    applied: Tensor
    magnitude: Tensor
    relevant: Tensor
    rows: Rows
    log_selection: Tensor
    log_applied: Tensor
    log_magnitude: Tensor
    z_selection: Tensor
    z_selection_given: Tensor
    z_applied: Tensor
    z_applied_given: Tensor
    noise_applied: Tensor


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

    def _logits(self, raw: Tensor) -> Tensor:
        return raw.clamp(_INSIDE, 1 - _INSIDE).logit() if self.direct else raw

    def sample(self, count: int, generator: torch.Generator) -> Sample:
        """`count` independent draws, from explicit uniform noise of `generator` (CPU)."""
        size, length = self.table.operation.shape

        def noise(*shape: int) -> Tensor:
            return open_uniform((count, *shape), generator)

        free = self.selection.detach().expand(count, size).clone().requires_grad_()
        z_selection = categorical(free, noise(size))
        sub_policy = z_selection.detach().argmax(-1)
        present = self.table.present[sub_policy]
        rows = Rows(
            free,
            self._logits(self.probability.detach())[sub_policy].requires_grad_(),
            self._logits(self.magnitude.detach())[sub_policy].requires_grad_(),
        )
        u_applied = noise(length)
        z_applied = bernoulli(rows.probability, u_applied)
        applied = (z_applied.detach() > 0) & present
        log_bits = torch.where(
            applied, logsigmoid(rows.probability), logsigmoid(-rows.probability)
        ).where(present, 0.0)
        relevant = applied & self.table.has_magnitude[sub_policy]
        z_magnitude = rows.magnitude.detach() + self.spread * logistic(noise(length))
        magnitude = z_magnitude.sigmoid()
        return Sample(
            sub_policy,
            applied,
            magnitude,
            relevant,
            rows,
            free.log_softmax(-1).gather(-1, sub_policy[:, None]).squeeze(-1),
            log_bits.sum(-1),
            self._log_density(z_magnitude, rows.magnitude).where(relevant, 0.0).sum(-1),
            z_selection,
            categorical_given(free, sub_policy, noise(size)),
            z_applied,
            bernoulli_given(rows.probability, applied, noise(length)),
            logistic(u_applied),
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

    def accumulate(
        self, sample: Sample, gradients: tuple[Tensor, Tensor, Tensor], factor: float
    ) -> None:
        """Add `factor` times the draws' gradients to the parameters' `.grad`.

        Args:
            gradients: with respect to `sample.rows`: (G, S), (G, K), (G, K).
        """
        selection, probability, magnitude = gradients
        _add(self.selection, factor * selection.sum(0))
        for parameter, rows in ((self.probability, probability), (self.magnitude, magnitude)):
            total = torch.zeros_like(parameter).index_add_(0, sample.sub_policy, factor * rows)
            if self.direct:  # d logit / d p, and none where the clip holds the value
                inside = parameter.detach().clamp(_INSIDE, 1 - _INSIDE)
                total = total / (inside * (1 - inside))
            _add(parameter, total)

    @torch.no_grad()
    def clip(self) -> None:
        """Keep direct probabilities and magnitudes in [0, 1]; logits need nothing."""
        if self.direct:
            self.probability.clamp_(0, 1)
            self.magnitude.clamp_(0, 1)

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

    def policy(self, keep: int, uniform: bool, name: str, provenance: dict) -> Policy:
        """The `keep` leading sub-policies, by weight or, as in the paper, all alike."""
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
        )


def _add(parameter: nn.Parameter, gradient: Tensor) -> None:
    parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
