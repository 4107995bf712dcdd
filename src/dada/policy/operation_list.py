"""A list of operations of which each image gets a few: how PBA's policies are applied.

Population based augmentation (Ho et al., ICML 2019) has each of 15 operations twice. An image gets
a count of 0, 1 or 2 operations. The list is shuffled; one after the other, each operation is
applied if its own chance says so, until the count is used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from dada.errors import some
from dada.policy.model import Policy
from dada.policy.scale import Scale
from dada.policy.sub_policy import NonNegative, Operation, SubPolicy

MOST_LISTED = 64  # operations; PBA has 30, and n make up to n² + 1 sub-policies
PBA_COUNTS = (0.2, 0.3, 0.5)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class OperationList:
    """Operations that are tried in random order until an image has as many as it was to get.

    Attributes:
        operations: 1 to 64; the same one may come several times.
        counts: the chances that an image is to get 0, 1 or 2 operations; they sum to 1. It gets
            fewer where too few of the operations' own chances say so.
        scale: what a magnitude means in real units.

    Examples:
        >>> turn, invert = Operation("Rotate", 0.5, 0.75), Operation("Invert", 1.0, 0.0)
        >>> print(OperationList((turn, invert)).policy())
         47.5%  Invert (p 1.00)
         20.0%  Rotate ±15 degrees (p 0.00)
         12.5%  Rotate ±15 degrees (p 1.00), then Invert (p 1.00)
         12.5%  Invert (p 1.00), then Rotate ±15 degrees (p 1.00)
          7.5%  Rotate ±15 degrees (p 1.00)
    """

    operations: Annotated[tuple[Operation, ...], Field(min_length=1, max_length=MOST_LISTED)]
    counts: Annotated[tuple[NonNegative, ...], Field(min_length=1, max_length=3)] = PBA_COUNTS
    scale: Scale = Field(default_factory=Scale)

    @field_validator("counts")
    @classmethod
    def _sum_to_one(cls, counts: tuple[float, ...]) -> tuple[float, ...]:
        if abs(sum(counts) - 1) > 1e-6:
            raise ValueError(f"the chances must sum to 1, not to {sum(counts):.6g}")
        return counts

    @property
    def is_none(self) -> bool:
        """Whether no image changes."""
        return not any(self.counts[1:]) or not any(o.probability for o in self.operations)

    @property
    def content(self) -> object:
        """All that matters to images: the list itself."""
        return self

    def rounded(self) -> OperationList:
        """The list without meaningless digits; see `Policy.rounded`."""
        return replace(self, operations=tuple(o.rounded() for o in self.operations))

    def policy(self, name: str = "policy", provenance: Mapping[str, Any] | None = None) -> Policy:
        """The same distribution over images as an ordinary policy.

        Its sub-policies are the operations alone, every two of them in both orders, and nothing, an
        operation with probability 0; those that never happen are left out. All others have a
        probability of 1: chance is in the weights.

        Returns:
            Up to n² + 1 sub-policies for n operations, up to rounding in float64.
        """
        chosen = [replace(operation, probability=1.0) for operation in self.operations]
        pairs = [
            SubPolicy((chosen[i], chosen[j]), float(self._pairs[i, j]))
            for i, j in np.argwhere(self._pairs)
        ]
        singles = [
            SubPolicy((chosen[i],), float(self._singles[i])) for (i,) in np.argwhere(self._singles)
        ]
        nothing = SubPolicy((replace(self.operations[0], probability=0.0),), self._nothing)
        found = [*pairs, *singles, *([nothing] if self._nothing else [])]
        return Policy(tuple(found), self.scale, name, provenance or {})

    def reach(self) -> dict[str, float]:
        """The share of images that each operation reaches, by name."""
        shares: dict[str, float] = {}
        for name in dict.fromkeys(o.name for o in self.operations):
            here = np.array([o.name == name for o in self.operations])
            either = here[:, None] | here
            shares[name] = float(self._singles[here].sum() + self._pairs[either].sum())
        return shares

    def __repr__(self) -> str:
        counts = ", ".join(f"{chance:g}" for chance in self.counts)
        return (
            f"OperationList({len(self.operations)} operations, counts {counts}, "
            f"{self.scale.kind} scale: {some([o.name for o in self.operations], 3)})"
        )

    # In random order means at random times. Up to time t an operation with chance p was applied
    # with chance p·t, whatever the others do, so what comes first and second has chances that are
    # integrals over t of polynomials, which Gauss and Legendre's rule gives exactly.

    @cached_property
    def _chances(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array([o.probability for o in self.operations])

    @cached_property
    def _pairs(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """(n, n): the chance of operation i and then operation j, and nothing else."""
        p = self._chances
        t, weight = _rule(len(p))
        missed = 1 - np.outer(p, t)  # none is 0, as the nodes are below 1
        rest = missed.prod(0) / missed[:, None] / missed
        both = np.outer(p, p) * (rest @ (weight * t))
        np.fill_diagonal(both, 0.0)
        return self._count(2) * both

    @cached_property
    def _singles(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """(n,): the chance of operation i, and nothing else."""
        p = self._chances
        t, weight = _rule(len(p))
        missed = 1 - np.outer(p, t)
        first = p * ((missed.prod(0) / missed) @ weight)
        alone = p * np.array([np.delete(1 - p, i).prod() for i in range(len(p))])
        return self._count(1) * first + self._count(2) * alone

    @property
    def _nothing(self) -> float:
        never = float((1 - self._chances).prod())
        return self._count(0) + (self._count(1) + self._count(2)) * never

    def _count(self, number: int) -> float:
        return self.counts[number] if number < len(self.counts) else 0.0


def _rule(count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Nodes and weights on [0, 1], exact for polynomials of degree up to `count`."""
    nodes, weights = np.polynomial.legendre.leggauss(count // 2 + 1)
    return (nodes + 1) / 2, weights / 2
