"""The search space: which operations, how many a sub-policy, what a magnitude means."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Annotated

import numpy as np
from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from dada.ops import PAPER_OPERATIONS, get
from dada.policy.model import MOST_SUB_POLICIES, Operation, Policy, SubPolicy
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
        pydantic.ValidationError: an operation twice.
        ValueError: fewer operations than `length`, or more than 10,000 sub-policies of them.
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
                "different operations are needed (Color changes RGB images only)"
            )
        count = comb(len(self.operations), self.length)
        if count > MOST_SUB_POLICIES:
            raise ValueError(
                f"{len(self.operations)} operations make {count:,} sub-policies of {self.length}: "
                f"at most {MOST_SUB_POLICIES:,}, so take fewer operations or a smaller length"
            )

    @property
    def sub_policies(self) -> tuple[tuple[str, ...], ...]:
        """Names of the operations of each sub-policy, in the order of `operations`."""
        return tuple(combinations(self.operations, self.length))

    def for_channels(self, channels: int) -> SearchSpace:
        """The space without operations that change no images of so many channels."""
        return SearchSpace(effective(self.operations, channels), self.length, self.scale)

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


def effective(operations: tuple[str, ...], channels: int) -> tuple[str, ...]:
    """Those of the operations that can change images of so many channels."""
    return tuple(name for name in operations if channels == 3 or not get(name).rgb_only)
