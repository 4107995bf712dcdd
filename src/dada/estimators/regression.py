"""Online Bayesian linear regression with exponential forgetting."""

from __future__ import annotations

import torch
from torch import Tensor


class Regression:
    """y ≈ φ·θ with θ ~ N(0, diag(prior²)) and noise of variance 1, observed in batches.

    The posterior mean is the estimate with the least mean squared error, of θ and of anything
    linear in θ, and it has no step size. It starts at 0 and stays there for features that were
    never seen (Bishop 2006, section 3.3; with forgetting, Ljung 1999, section 11.2).

    Args:
        prior: (F,) standard deviations, in units of the noise's.
        memory: how many batches are remembered: a batch's weight falls by exp(−1/memory) with each
            new one.

    Examples:
        >>> import torch
        >>> line = Regression(prior=torch.tensor([100.0]), memory=10)
        >>> line.observe(torch.tensor([[1.0], [2.0]]), torch.tensor([3.0, 6.0]))
        >>> line.mean()
        tensor([2.9999])
    """

    def __init__(self, prior: Tensor, memory: float) -> None:
        self.prior = prior
        self.forgetting = torch.tensor(-1 / memory, dtype=prior.dtype).exp()
        self.precision = torch.zeros(len(prior), len(prior), dtype=prior.dtype)
        self.evidence = torch.zeros_like(prior)

    def observe(self, features: Tensor, values: Tensor) -> None:
        """Learn from a batch: features (B, F), values (B,)."""
        self.precision = self.forgetting * self.precision + features.T @ features
        self.evidence = self.forgetting * self.evidence + features.T @ values

    def mean(self) -> Tensor:
        """(F,) posterior mean of θ."""
        # In units of the prior the matrix is I + something positive: never near singular.
        scaled = self.prior[:, None] * self.precision * self.prior
        identity = torch.eye(len(self.prior), dtype=self.prior.dtype)
        return self.prior * torch.linalg.solve(identity + scaled, self.prior * self.evidence)

    def state_dict(self) -> dict[str, Tensor]:
        """What has been learned so far."""
        return {"precision": self.precision, "evidence": self.evidence}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore what `state_dict` returned."""
        self.precision, self.evidence = state["precision"], state["evidence"]
