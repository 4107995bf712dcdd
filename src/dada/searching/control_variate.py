"""The learned control variate of RELAX."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ControlVariate(nn.Module):
    """An MLP on the relaxed draw: S·(K+1) → hidden → tanh → 1 (the paper's).

    Its inputs are the relaxed selection and, for every sub-policy, the selection times each
    relaxed bit, all as 2z − 1 in spirit: bits run from −1 to 1.

    Args:
        size: sub-policies S.
        length: operations a sub-policy K.
        hidden: width.
        temperature: of the relaxations.
    """

    def __init__(self, size: int, length: int, hidden: int, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.inner = nn.Linear(size * (length + 1), hidden, dtype=torch.float64)
        self.outer = nn.Linear(hidden, 1, dtype=torch.float64)
        nn.init.zeros_(self.outer.weight)  # starts as no control variate: plain REINFORCE
        nn.init.zeros_(self.outer.bias)

    def soften_selection(self, z: Tensor) -> Tensor:
        """(G, S) relaxed logits to a point of the simplex."""
        return (z / self.temperature).softmax(-1)

    def soften_bits(self, z: Tensor) -> Tensor:
        """(G, K) relaxed logits to (−1, 1)."""
        return (z / (2 * self.temperature)).tanh()

    def forward(self, selection: Tensor, bits: Tensor) -> Tensor:
        """(G, S) on the simplex and (G, K) in [−1, 1] to (G,)."""
        pairs = selection[:, :, None] * bits[:, None, :]
        features = torch.cat([selection, pairs.flatten(1)], dim=1)
        return self.outer(self.inner(features).tanh()).squeeze(-1)
