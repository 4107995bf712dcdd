"""The search space: which operations, how many a sub-policy, what a magnitude means."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated

import numpy as np
from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from dada.ops import PAPER_OPERATIONS, get, names
from dada.policy.model import Operation, Policy, SubPolicy
from dada.policy.scale import Scale


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SearchSpace:
    """All unordered choices of `length` different operations (105 pairs in the paper, section 3).

    Attributes:
        operations: names of registered operations; at least `length` of them.
        length: operations a sub-policy (K).
        scale: what a magnitude means.

    Raises:
        UserError: an operation that is not registered.
        pydantic.ValidationError: an operation twice, or fewer operations than `length`.
    """

    operations: tuple[str, ...] = PAPER_OPERATIONS
    length: Annotated[int, Field(ge=1)] = 2
    scale: Scale = Field(default_factory=Scale)

    @field_validator("operations")
    @classmethod
    def _known_and_different(cls, operations: tuple[str, ...]) -> tuple[str, ...]:
        for name in operations:
            get(name)
        if len(set(operations)) < len(operations):
            raise ValueError("an operation is named twice")
        return operations

    def __post_init__(self) -> None:
        if len(self.operations) < self.length:
            names = ", ".join(self.operations) or "no operations"
            raise ValueError(
                f"{names} cannot fill sub-policies of {self.length}: at least {self.length} "
                "different operations are needed (Color changes no grey images)"
            )

    @property
    def sub_policies(self) -> tuple[tuple[str, ...], ...]:
        """Names of the operations of each sub-policy, in the order of `operations`."""
        return tuple(combinations(self.operations, self.length))

    def without_color(self) -> tuple[SearchSpace, tuple[str, ...]]:
        """The space for one-channel images, and the operations that cannot change those."""
        dropped = tuple(name for name in self.operations if get(name).color_only)
        kept = tuple(name for name in self.operations if name not in dropped)
        return SearchSpace(kept, self.length, self.scale), dropped

    def uniform(self, name: str = "uniform") -> Policy:
        """No search at all: every sub-policy alike, probability 0.5, any magnitude alike."""
        return Policy(
            tuple(
                SubPolicy(tuple(Operation(o, 0.5, 0.5, spread=1.0) for o in operations))
                for operations in self.sub_policies
            ),
            self.scale,
            name,
        )

    def random(self, count: int, seed: int) -> Policy:
        """`count` sub-policies at random without replacement, with the uniform policy's numbers."""
        everything = self.uniform()
        chosen = np.random.default_rng(seed).permutation(len(everything.sub_policies))[:count]
        return Policy(
            tuple(everything.sub_policies[i] for i in sorted(chosen)),
            self.scale,
            f"{count} random sub-policies",
        )


def registered_space(length: int = 2, scale: Scale | None = None) -> SearchSpace:
    """The space of every registered operation, a user's own included."""
    return SearchSpace(names(), length, scale or Scale())
