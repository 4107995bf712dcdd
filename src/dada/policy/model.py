"""What a policy is: operations in sub-policies in a policy, as frozen data.

The words are the field's (AutoAugment, Cubuk et al. 2019; DADA, Li et al. 2020):
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

from dada.errors import printable
from dada.ops import get
from dada.ops.elsewhere import import_operations, modules_of
from dada.policy.data import plain_data
from dada.policy.scale import Scale
from dada.policy.words import describe_operation

if TYPE_CHECKING:
    from dada.augment import PolicyTransform

Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False, strict=True)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False, strict=True)]
Spread = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False, strict=True)]
MOST_SUB_POLICIES = 10_000  # in a policy, and
MOST_OPERATIONS = 16  # in a sub-policy: far beyond any search, and small in memory
_STRICT = ConfigDict(extra="forbid")
_MODULES = "modules of the user's operations"  # a pickled policy brings them along


@dataclass(frozen=True, config=_STRICT)
class Operation:
    """One image operation: ``Operation("ShearX", 0.5, 0.46)``.

    Attributes:
        name: a registered operation (`dada.ops.names`).
        probability: chance in [0, 1] that it is applied.
        magnitude: in [0, 1]; the policy's `Scale` turns it into real units.
        spread: in [0, 100], how random the magnitude is. An image's magnitude is
            ``sigmoid(logit(magnitude) + spread * L)`` with L standard logistic:
            0 always gives `magnitude`; 1 about a magnitude of 0.5 is uniform on [0, 1];
            from 10 on it is nearly always 0 or 1. The paper's policies have none.

    Raises:
        UserError: the name is not registered.
        pydantic.ValidationError: a number is out of its range.
    """

    name: str
    probability: Fraction
    magnitude: Fraction
    spread: Spread = 0.0

    @field_validator("name")
    @classmethod
    def _is_registered(cls, name: str) -> str:
        return get(name).name


@dataclass(frozen=True, config=_STRICT)
class SubPolicy:
    """Operations applied one after the other, and how often this sub-policy is chosen.

    Attributes:
        operations: 1 to 16, in the order of application.
        weight: relative frequency, at least 0; weights of a policy need not sum to 1.
    """

    operations: Annotated[tuple[Operation, ...], Field(min_length=1, max_length=MOST_OPERATIONS)]
    weight: NonNegative = 1.0


@dataclass(frozen=True, config=_STRICT)
class Policy:
    """Sub-policies, what their magnitudes mean, and where they come from.

    Attributes:
        sub_policies: 1 to 10,000; at least one has a positive weight.
        scale: what a magnitude means in real units.
        name: what to call it in tables, on one line: control characters are kept as their escapes.
        provenance: what searched it, on what, with which seed and versions; plain data, kept as
            JSON would give it back.
    """

    sub_policies: Annotated[
        tuple[SubPolicy, ...], Field(min_length=1, max_length=MOST_SUB_POLICIES)
    ]
    scale: Scale = Field(default_factory=Scale)
    name: Annotated[str, Field(max_length=1000)] = "policy"
    provenance: Mapping[str, Any] = Field(default_factory=dict, repr=False)

    @field_validator("sub_policies")
    @classmethod
    def _something_to_choose(cls, value: tuple[SubPolicy, ...]) -> tuple[SubPolicy, ...]:
        if not any(sub_policy.weight > 0 for sub_policy in value):
            raise ValueError("every sub-policy has weight 0; at least one must be positive")
        if not math.isfinite(sum(sub_policy.weight for sub_policy in value)):
            raise ValueError("the weights are too large to add up")
        return value

    @field_validator("name", mode="before")
    @classmethod
    def _on_one_line(cls, value: Any) -> Any:
        return printable(value) if isinstance(value, str) else value

    @field_validator("provenance")
    @classmethod
    def _own_copy(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return {str(key): plain_data(item) for key, item in value.items()}

    def __getstate__(self) -> dict[str, Any]:
        used = (o.name for s in self.sub_policies for o in s.operations)
        return {**self.__dict__, _MODULES: modules_of(used)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        import_operations(state.get(_MODULES, {}))
        self.__dict__.update((name, value) for name, value in state.items() if name != _MODULES)

    @classmethod
    def none(
        cls, name: str = "no augmentation", provenance: Mapping[str, Any] | None = None
    ) -> Policy:
        """The policy that changes no image: what a search returns when no augmentation is best.

        It is an ordinary policy, so every reader and export takes it: one sub-policy, whose only
        operation, a rotation by 0 degrees, has probability 0.
        """
        nothing = SubPolicy((Operation("Rotate", probability=0.0, magnitude=0.5),))
        return cls((nothing,), name=name, provenance=provenance or {})

    @property
    def is_none(self) -> bool:
        """Whether every operation that can be chosen has probability 0: no image is changed."""
        return not any(
            operation.probability
            for sub_policy in self.sub_policies
            if sub_policy.weight
            for operation in sub_policy.operations
        )

    @property
    def weights(self) -> tuple[float, ...]:
        """Selection probabilities of the sub-policies; they sum to 1."""
        total = sum(s.weight for s in self.sub_policies)
        return tuple(s.weight / total for s in self.sub_policies)

    @property
    def length(self) -> int:
        """The most operations that a sub-policy has (K; 2 in the paper)."""
        return max(len(s.operations) for s in self.sub_policies)

    def leading(self) -> tuple[SubPolicy, ...]:
        """The sub-policies, most frequent first; ties keep their order."""
        return tuple(sorted(self.sub_policies, key=lambda s: -s.weight))

    def top(self, count: int) -> Policy:
        """The `count` most frequent sub-policies (the paper keeps 25)."""
        return Policy(self.leading()[:count], self.scale, self.name, dict(self.provenance))

    def rounded(self) -> Policy:
        """With the digits that mean something: what a search returns, and a file keeps exactly.

        Probabilities and magnitudes have six decimals, weights and spreads six significant digits.
        """

        def significant(number: float) -> float:
            return float(f"{number:.6g}")

        return replace(
            self,
            sub_policies=tuple(
                SubPolicy(
                    tuple(
                        Operation(
                            o.name,
                            round(o.probability, 6),
                            round(o.magnitude, 6),
                            significant(o.spread),
                        )
                        for o in s.operations
                    ),
                    significant(s.weight),
                )
                for s in self.sub_policies
            ),
        )

    def __str__(self) -> str:
        """In words, as `describe` says it."""
        return self.describe()

    def describe(self, limit: int | None = None, side: int | tuple[int, int] | None = None) -> str:
        """The policy in words and real units, one sub-policy per line, most frequent first.

        A policy that changes nothing (`is_none`) is described as ``no augmentation``.

        Args:
            limit: say only so many sub-policies.
            side: of the images, or their height and width, to say pixels where else it is a
                fraction of the width.
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

    def transform(self) -> PolicyTransform:
        """A torchvision v2 transform of PIL images, uint8 tensors, NumPy arrays and batches."""
        # The one import against the flow of data: it spares every user a line.
        from dada.augment import PolicyTransform  # noqa: PLC0415

        return PolicyTransform(self)
