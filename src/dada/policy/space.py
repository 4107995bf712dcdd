"""The search space: which operations, how many per sub-policy, and the scale of magnitudes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Annotated

import numpy as np
from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from dada.errors import some
from dada.ops import PAPER_OPERATIONS, get
from dada.policy.model import MOST_SUB_POLICIES, Policy
from dada.policy.scale import Scale
from dada.policy.sub_policy import Operation, SubPolicy


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SearchSpace:
    """All unordered choices of `length` different operations (105 pairs in the paper, section 3).

    Attributes:
        operations: names of registered operations; at least `length` of them.
        length: operations per sub-policy (K).
        scale: what a magnitude means.

    Raises:
        UserError: an operation is not registered.
        pydantic.ValidationError: an operation is named twice.
        ValueError: there are fewer operations than `length`, or more than 10,000 sub-policies.

    Examples:
        >>> len(SearchSpace().sub_policies)
        105
        >>> SearchSpace(("Rotate", "Invert", "Cutout")).sub_policies
        (('Rotate', 'Invert'), ('Rotate', 'Cutout'), ('Invert', 'Cutout'))
        >>> SearchSpace(("Rotate", "Invert", "Cutout"))
        SearchSpace(3 sub-policies of 2 of 3 operations, paper scale: Rotate, Invert, Cutout)
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
                f"at most {MOST_SUB_POLICIES:,}; use fewer operations, or fewer per sub-policy"
            )

    def __repr__(self) -> str:
        return (
            f"SearchSpace({comb(len(self.operations), self.length):,} sub-policies of "
            f"{self.length} of {len(self.operations)} operations, {self.scale.kind} scale: "
            f"{some(self.operations, 15)})"
        )

    @property
    def sub_policies(self) -> tuple[tuple[str, ...], ...]:
        """The names of each sub-policy's operations, in the order of `operations`."""
        return tuple(combinations(self.operations, self.length))

    def for_channels(self, channels: int) -> SearchSpace:
        """The space without the operations that cannot change images with this many channels."""
        return SearchSpace(effective(self.operations, channels), self.length, self.scale)

    def uniform(self, name: str = "uniform") -> Policy:
        """No search at all: equal weights, probability 0.5, magnitudes uniform on [0, 1].

        Examples:
            >>> space = SearchSpace(("Rotate", "Invert"), scale=Scale("strength"))
            >>> print(space.uniform())
            100.0%  Rotate ±3 to 27 degrees (p 0.50), then Invert (p 0.50)
        """
        return Policy(tuple(map(_uniform, self.sub_policies)), self.scale, name)

    def random(self, count: int, seed: int) -> Policy:
        """`count` sub-policies of the uniform policy, drawn at random without replacement.

        Examples:
            >>> space = SearchSpace()
            >>> len(space.random(25, seed=0).sub_policies)
            25
            >>> space.random(25, seed=0) == space.random(25, seed=0)
            True
        """
        names = self.sub_policies
        chosen = np.random.default_rng(seed).permutation(len(names))[:count]
        return Policy(
            tuple(_uniform(names[i]) for i in sorted(chosen)),
            self.scale,
            f"{count} random sub-policies",
        )


def _uniform(operations: Sequence[str]) -> SubPolicy:
    return SubPolicy(tuple(Operation(name, 0.5, 0.5, spread=1.0) for name in operations))


def effective(operations: tuple[str, ...], channels: int) -> tuple[str, ...]:
    """The operations that can change images with this many channels.

    Examples:
        >>> effective(("Rotate", "Color"), channels=1)
        ('Rotate',)
    """
    return tuple(name for name in operations if channels == 3 or not get(name).rgb_only)
