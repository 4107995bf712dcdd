"""Draws from the policy distribution, with what an estimator needs of each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Groups:
    """One tensor for each group of the policy distribution's parameters, in their order.

    Attributes:
        selection: (S,), or (G, S) with one row per draw.
        probability: (S, K), or (G, K) for the sub-policy of each draw.
        magnitude: likewise.
    """

    selection: Tensor
    probability: Tensor
    magnitude: Tensor

    def all(self) -> tuple[Tensor, Tensor, Tensor]:
        """The three in order."""
        return self.selection, self.probability, self.magnitude


@dataclass(frozen=True)
class Sample:
    """G draws from the policy distribution.

    Attributes:
        sub_policy: (G,) int64.
        applied: (G, K) bool.
        magnitude: (G, K) in [0, 1], as drawn.
        relevant: (G, K) bool, whether the magnitude has an effect.
        logits: the distribution's, as leaves of the graph; all below carry the graph to them.
        rows: the logits behind each draw, one row per draw.
        log_selection: (G,) log p(sub-policy).
        log_applied: (G,) log p(applied | sub-policy), of the K bits of the chosen sub-policy only.
        log_magnitude: (G, K) log density of a magnitude that has an effect; else 0.
        z_selection, z_selection_given: (G, S) relaxed, and relaxed given the draw.
        z_applied, z_applied_given: (G, K) likewise.
        noise_applied: (G, K) the logistic noise of the bits, independent of the selection.
    """

    sub_policy: Tensor
    applied: Tensor
    magnitude: Tensor
    relevant: Tensor
    logits: Groups
    rows: Groups
    log_selection: Tensor
    log_applied: Tensor
    log_magnitude: Tensor
    z_selection: Tensor
    z_selection_given: Tensor
    z_applied: Tensor
    z_applied_given: Tensor
    noise_applied: Tensor

    def __len__(self) -> int:
        return len(self.sub_policy)

    def gradients(self, surrogate: Tensor, derivative: Tensor | None = None) -> Groups:
        """The gradient of a surrogate's mean with respect to the distribution's logits.

        Args:
            surrogate: (G,) from `dada.estimators`.
            derivative: (G, K) of the reward with respect to the magnitudes, NaN where an operation
                has none; it replaces their score.
        """
        if derivative is not None:
            # Magnitudes are sigmoids of logits, random or not.
            through = derivative * self.magnitude * (1 - self.magnitude)
            through = through.where(self.relevant & ~through.isnan(), 0.0)
            surrogate = surrogate + (through.detach() * self.rows.magnitude).sum(-1)
        found = torch.autograd.grad(
            surrogate.mean(),
            self.logits.all(),
            retain_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        return Groups(*found)
