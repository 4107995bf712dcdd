"""A draw: which operations each image gets, how strong, and where.

It is plain tensors on the CPU, so a failing batch can be saved and replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dada.ops import get
from dada.policy import Scale

Choice = tuple[str, float, tuple[float, float]]
"""An operation applied to one image, in plain numbers: its name, value and place."""


@dataclass(frozen=True)
class Draw:
    """One outcome of a policy for each of B images, with K operations in order.

    Attributes:
        operations: the names that `operation` refers to.
        operation: (B, K) int64, index into `operations`.
        applied: (B, K) bool.
        value: (B, K) float64, in the operation's real unit, sign included.
        place: (B, K, 2) float64 in [0, 1): x and y, for operations with a random place.
        slope: (B, K) float64, change of `value` per unit of magnitude.

    Examples:
        >>> from dada.policy import Operation, Policy, SubPolicy
        >>> from dada.augment import Sampler
        >>> pair = SubPolicy((Operation("Posterize", 1.0, 0.5), Operation("Invert", 0.0, 0.0)))
        >>> draw = Sampler(Policy((pair,)))(count=2)
        >>> len(draw), draw.applied.tolist()
        (2, [[True, False], [True, False]])
        >>> [(name, value) for name, value, _ in draw.choices(row=0)]
        [('Posterize', 6.0)]
    """

    operations: tuple[str, ...]
    operation: Tensor
    applied: Tensor
    value: Tensor
    place: Tensor
    slope: Tensor

    def __len__(self) -> int:
        return len(self.operation)

    def choices(self, row: int = 0) -> list[Choice]:
        """The operations applied to one image, in order."""
        x, y = self.place[row].T.tolist()
        parts = (self.operation[row], self.applied[row], self.value[row])
        every = zip(*(part.tolist() for part in parts), x, y, strict=True)
        return [(self.operations[o], value, (x, y)) for o, does, value, x, y in every if does]


@dataclass(frozen=True)
class Table:
    """Sub-policies as tensors: their operations in order, and what the magnitudes mean.

    Attributes:
        operations: the names that `operation` refers to.
        operation: (S, K) int64. Shorter sub-policies repeat their first operation.
        present: (S, K) bool, False beyond the end of a sub-policy shorter than K.
        lines: (S, K, 2, 2) float64, the value as (offset, slope) of the magnitude for sign + and −.
    """

    operations: tuple[str, ...]
    operation: Tensor
    present: Tensor
    lines: Tensor

    @classmethod
    def of(cls, sub_policies: Sequence[Sequence[str]], scale: Scale) -> Table:
        """Make the table from the names of each sub-policy's operations."""
        operations = tuple(dict.fromkeys(name for names in sub_policies for name in names))
        length = max(len(names) for names in sub_policies)
        index = {name: i for i, name in enumerate(operations)}
        padded = [[*names, *[names[0]] * (length - len(names))] for names in sub_policies]
        with torch.device("cpu"):  # whatever the user's default device
            lines = torch.tensor([scale.lines(get(n)) for n in operations], dtype=torch.float64)
            operation = torch.tensor([[index[name] for name in names] for names in padded])
            sizes = torch.tensor([len(names) for names in sub_policies])
            present = torch.arange(length) < sizes[:, None]
        return cls(operations, operation, present, lines[operation])

    @property
    def has_magnitude(self) -> Tensor:
        """(S, K) bool: whether the operation's value depends on its magnitude."""
        return (self.lines[..., 1] != 0).any(-1) & self.present

    def realise(
        self, sub_policy: Tensor, applied: Tensor, magnitude: Tensor, minus: Tensor, place: Tensor
    ) -> Draw:
        """Turn chosen sub-policies, bits and magnitudes into a draw.

        Args:
            sub_policy: (B,) int64 in [0, S).
            applied: (B, K) bool.
            magnitude: (B, K) in [0, 1].
            minus: (B, K) bool, the random sign.
            place: (B, K, 2) in [0, 1).
        """
        lines = self.lines[sub_policy]
        line = torch.where(minus[..., None], lines[..., 1, :], lines[..., 0, :])
        return Draw(
            operations=self.operations,
            operation=self.operation[sub_policy],
            applied=applied & self.present[sub_policy],
            value=line[..., 0] + line[..., 1] * magnitude.double(),
            place=place,
            slope=line[..., 1],
        )
