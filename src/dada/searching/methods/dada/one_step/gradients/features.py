"""What a draw consists of, as features that a linear model of the rewards can learn from."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dada.augment import Table
from dada.searching.sample import Groups, Sample

# Standard deviations of the effects before anything is seen, in units of a reward's usual size.
# Measured effects on CIFAR-10 and the digits are of this size; a few times smaller changed little.
MAIN, STRENGTH, PAIR = 0.2, 0.1, 0.05
MOST_PAIRS = 300  # all pairs of 25 operations; more would take longer than the network's step


class OperationFeatures:
    """Effects of operations, shared by all the sub-policies that they occur in.

    For each operation: whether it is applied, and if so its magnitude as two orthonormal
    polynomials. For each pair of operations that occur together in a sub-policy: whether both are
    applied. At one magnitude and K = 2 these describe every (sub-policy, applied) outcome exactly:
    15 + 105 numbers for the paper's space. With more than `MOST_PAIRS` pairs, whose effects are the
    smallest, there are features of single operations only.

    Args:
        table: the sub-policies.
        spread: randomness of magnitudes, as in `dada.policy.Operation`.

    Attributes:
        prior: (F,) standard deviation of each effect before anything is seen.
    """

    def __init__(self, table: Table, spread: float) -> None:
        self.table, self.spread = table, spread
        self.operations = len(table.operations)
        self.couples, self.pair, pairs = _pairs(table.operation)
        blocks = [(self.operations, MAIN), (2 * self.operations, STRENGTH), (pairs, PAIR)]
        self.prior = torch.cat([torch.full((n,), size, dtype=torch.float64) for n, size in blocks])

    def of(self, sample: Sample) -> Tensor:
        """(G, F) features of each draw."""
        applied = sample.applied.double()
        strength = _polynomials(sample.magnitude) * sample.relevant[..., None]
        return self._spread_out(sample.sub_policy, applied, strength)

    def expected(self, logits: Groups) -> Tensor:
        """(F,) their expectation under the policy distribution, with the graph to its logits.

        Args:
            logits: (S,), (S, K), (S, K).
        """
        # The trapezium rule on the logistic noise: 3e-6 of the integral for spreads up to 2.
        noise = torch.linspace(-16, 16, 65, dtype=torch.float64)
        density = noise.sigmoid() * (-noise).sigmoid()
        magnitude = (logits.magnitude[..., None] + self.spread * noise).sigmoid()
        chance = logits.probability.sigmoid() * self.table.present
        strength = (density / density.sum()) @ _polynomials(magnitude)
        strength = strength * (chance * self.table.has_magnitude)[..., None]
        everything = torch.arange(len(chance))
        return logits.selection.softmax(0) @ self._spread_out(everything, chance, strength)

    def _spread_out(self, sub_policy: Tensor, applied: Tensor, strength: Tensor) -> Tensor:
        """Put each sub-policy's numbers (…, K), (…, K, 2) into the columns of its operations."""
        operation = self.table.operation[sub_policy]
        both = [applied[:, j] * applied[:, k] for j, k in self.couples]
        columns = [
            operation,
            self.operations + operation,
            2 * self.operations + operation,
            3 * self.operations + self.pair[sub_policy],
        ]
        values = [applied, strength[..., 0], strength[..., 1], *(b[:, None] for b in both)]
        empty = torch.zeros(len(sub_policy), len(self.prior), dtype=torch.float64)
        return empty.scatter_add(1, torch.cat(columns, 1), torch.cat(values, 1))


def _pairs(operation: Tensor) -> tuple[list[tuple[int, int]], Tensor, int]:
    """Couples of places in a sub-policy; (S, couples) the pair of operations there; their count."""
    length = operation.shape[1]
    couples = [(j, k) for k in range(length) for j in range(k)]
    seen: dict[tuple[int, int], int] = {}
    pairs = [
        [seen.setdefault((row[j], row[k]), len(seen)) for j, k in couples]
        for row in operation.tolist()
    ]
    if len(seen) > MOST_PAIRS:
        return [], torch.empty(len(pairs), 0, dtype=torch.long), 0
    return (
        couples,
        torch.tensor(pairs, dtype=torch.long).reshape(len(pairs), len(couples)),
        len(seen),
    )


def _polynomials(magnitude: Tensor) -> Tensor:
    """(…) magnitudes to (…, 2): linear and quadratic, orthonormal where they are uniform."""
    u = 2 * magnitude.double() - 1
    return torch.stack([math.sqrt(3) * u, math.sqrt(5) * (3 * u.square() - 1) / 2], dim=-1)
