"""A policy as frozen data: a policy has sub-policies, a sub-policy has operations.

The terms are those of the field (AutoAugment, Cubuk et al. 2019; DADA, Li et al. 2020):
an operation has a name, a probability and a magnitude; a sub-policy applies its operations
one after the other; a policy picks one sub-policy per image by weight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from dada.errors import brief
from dada.ops.elsewhere import import_operations, modules_of
from dada.policy.data import Name, Provenance
from dada.policy.html import policy_html
from dada.policy.scale import Scale
from dada.policy.sub_policy import Operation, SubPolicy
from dada.policy.words import describe_operation

if TYPE_CHECKING:
    from dada.augment import PolicyTransform
    from dada.policy.schedule import PolicySchedule

MOST_SUB_POLICIES = 10_000  # far more than any search uses, yet small in memory
MODULES = "modules of the user's operations"  # a pickled policy carries them along


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Policy:
    """Sub-policies, what their magnitudes mean, and where they come from.

    Attributes:
        sub_policies: 1 to 10,000; at least one has a positive weight.
        scale: what a magnitude means in real units.
        name: shown in tables, on one line; control characters are escaped.
        provenance: which search found it, on which data, with which seed and versions; plain data,
            kept as JSON would return it.

    Examples:
        >>> turn = SubPolicy((Operation("Rotate", 0.5, 0.75),), weight=3.0)
        >>> invert = SubPolicy((Operation("Invert", 1.0, 0.0),), weight=1.0)
        >>> policy = Policy((invert, turn), name="mine")
        >>> policy.weights
        (0.25, 0.75)
        >>> print(policy)
         75.0%  Rotate ±15 degrees (p 0.50)
         25.0%  Invert (p 1.00)
    """

    sub_policies: Annotated[
        tuple[SubPolicy, ...], Field(min_length=1, max_length=MOST_SUB_POLICIES)
    ]
    scale: Scale = Field(default_factory=Scale)
    name: Name = "policy"
    provenance: Provenance = Field(default_factory=dict, repr=False)

    @field_validator("sub_policies")
    @classmethod
    def _something_to_choose(cls, value: tuple[SubPolicy, ...]) -> tuple[SubPolicy, ...]:
        if not any(sub_policy.weight > 0 for sub_policy in value):
            raise ValueError("every sub-policy has weight 0; at least one must be positive")
        if not math.isfinite(sum(sub_policy.weight for sub_policy in value)):
            raise ValueError("the weights are too large to add up")
        return value

    def __getstate__(self) -> dict[str, Any]:
        used = (o.name for s in self.sub_policies for o in s.operations)
        return {**self.__dict__, MODULES: modules_of(used)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        import_operations(state.get(MODULES, {}))
        self.__dict__.update((name, value) for name, value in state.items() if name != MODULES)

    @classmethod
    def none(
        cls, name: str = "no augmentation", provenance: Mapping[str, Any] | None = None
    ) -> Policy:
        """The policy that changes no image: what a search returns when no augmentation is best.

        It is an ordinary policy, so every reader and export accepts it: one sub-policy with one
        operation, a rotation by 0 degrees with probability 0.

        Examples:
            >>> Policy.none().is_none
            True
            >>> print(Policy.none())
            no augmentation: every operation has probability 0
        """
        nothing = SubPolicy((Operation("Rotate", probability=0.0, magnitude=0.5),))
        return cls((nothing,), name=name, provenance=provenance or {})

    @property
    def is_none(self) -> bool:
        """Whether no image changes: every operation that can be chosen has probability 0."""
        return not any(
            operation.probability
            for sub_policy in self.sub_policies
            if sub_policy.weight
            for operation in sub_policy.operations
        )

    @property
    def content(self) -> object:
        """All that matters to images; equal for policies that differ in name and origin only."""
        return self.sub_policies, self.scale

    @property
    def last_epoch(self) -> int | None:
        """None: it does not change over the epochs, other than a `PolicySchedule`."""
        return None

    @property
    def size(self) -> str:
        """How large it is, in words: ``25 sub-policies``."""
        count = len(self.sub_policies)
        return f"{count:,} sub-polic{'y' if count == 1 else 'ies'}"

    def at(self, epoch: int, epochs: int | None = None) -> Policy:
        """The policy of an epoch: the same in all, other than of a `PolicySchedule`."""
        return self

    def chosen(self, epoch: int | None) -> Policy:
        """As `PolicySchedule.chosen`: the same for every epoch."""
        return self

    @property
    def weights(self) -> tuple[float, ...]:
        """Selection probabilities of the sub-policies; they sum to 1."""
        total = sum(s.weight for s in self.sub_policies)
        return tuple(s.weight / total for s in self.sub_policies)

    def reach(self) -> dict[str, float]:
        """The share of images that each operation reaches, by name.

        Examples:
            >>> from dada import load_policy
            >>> round(load_policy("dada-cifar10").reach()["Rotate"], 3)
            0.105
        """
        shares: dict[str, float] = {}
        for sub_policy, weight in zip(self.sub_policies, self.weights, strict=True):
            missed: dict[str, float] = {}
            for operation in sub_policy.operations:
                rest = missed.get(operation.name, 1.0)
                missed[operation.name] = rest * (1 - operation.probability)
            for name, rest in missed.items():
                shares[name] = shares.get(name, 0.0) + weight * (1 - rest)
        return shares

    @property
    def length(self) -> int:
        """Number of operations in the longest sub-policy (K; 2 in the paper)."""
        return max(len(s.operations) for s in self.sub_policies)

    def leading(self) -> tuple[SubPolicy, ...]:
        """The sub-policies, most frequent first; equally frequent ones keep their order."""
        return tuple(sorted(self.sub_policies, key=lambda s: -s.weight))

    def top(self, count: int) -> Policy:
        """The `count` most frequent sub-policies (the paper keeps 25).

        Examples:
            >>> from dada import SearchSpace
            >>> len(SearchSpace().uniform().top(25).sub_policies)
            25
        """
        return Policy(self.leading()[:count], self.scale, self.name, dict(self.provenance))

    def rounded(self) -> Policy:
        """The policy without meaningless digits; a search returns it like this.

        Probabilities and magnitudes have six decimals, weights and spreads six significant digits.
        A file keeps exactly these.
        """
        return replace(self, sub_policies=tuple(s.rounded() for s in self.sub_policies))

    def __repr__(self) -> str:
        if self.is_none:
            return f"Policy({brief(self.name)}: no image changes)"
        names = ["+".join(o.name for o in s.operations) for s in self.leading()[:3]]
        if len(self.sub_policies) > len(names):
            names.append("…")
        shown = ", ".join(map(brief, names))
        return f"Policy({brief(self.name)}: {self.size}, {self.scale.kind} scale: {shown})"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return policy_html(self)

    def __str__(self) -> str:
        """The 25 most frequent sub-policies in words; `describe` tells of all."""
        return self.describe(limit=25)

    def describe(self, limit: int | None = None, side: int | tuple[int, int] | None = None) -> str:
        """The policy in words and real units, one sub-policy per line, most frequent first.

        A policy that changes nothing (`is_none`) is described as ``no augmentation``.

        Args:
            limit: number of sub-policies to describe; None describes all.
            side: side of the images in pixels, or their height and width, to give lengths in pixels
                instead of fractions of the width.

        Examples:
            >>> from dada import load_policy
            >>> print(load_policy("dada-cifar10").describe(limit=2))
              4.0%  TranslateX ±0.068 of the width (p 0.52), then Rotate ±1.65 degrees (p 0.57)
              4.0%  ShearX slope ±0.024 (p 0.50), then Sharpness factor 1.07 (p 0.50)
               ...  and 23 more sub-policies
        """
        if self.is_none:
            return "no augmentation: every operation has probability 0"
        total = sum(s.weight for s in self.sub_policies)
        lines = [
            f"{s.weight / total:6.1%}  " + ", then ".join(self.in_words(s, side))
            for s in self.leading()[:limit]
        ]
        hidden = len(self.sub_policies) - len(lines)
        if hidden:
            lines.append(f"   ...  and {hidden} more sub-polic{'y' if hidden == 1 else 'ies'}")
        return "\n".join(lines)

    def in_words(
        self, sub_policy: SubPolicy, side: int | tuple[int, int] | None = None
    ) -> tuple[str, ...]:
        """Each operation of a sub-policy in real units: ``Rotate ±16.2 degrees (p 0.57)``."""
        return tuple(
            f"{operation.name}{describe_operation(self.scale, operation, side)} "
            f"(p {operation.probability:.2f})"
            for operation in sub_policy.operations
        )

    def transform(self, epochs: int | None = None) -> PolicyTransform:
        """A torchvision v2 transform for PIL images, uint8 tensors, NumPy arrays and batches.

        Args:
            epochs: as for `PolicySchedule.transform`; here it has no effect.
        """
        return transform_of(self, epochs)


def transform_of(policy: Policy | PolicySchedule, epochs: int | None) -> PolicyTransform:
    """The transform of a policy or a schedule."""
    # The one import against the flow of data: it saves every user an import.
    from dada.augment import PolicyTransform  # noqa: PLC0415

    return PolicyTransform(policy, epochs)
