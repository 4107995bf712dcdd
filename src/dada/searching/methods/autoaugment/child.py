"""A child's decisions, and the sub-policies that they are."""

from __future__ import annotations

from torch import Tensor

from dada.policy import Operation, SearchSpace, SubPolicy

PROBABILITIES, MAGNITUDES = 11, 10
"""Choices of a probability, 0 to 1 in tenths, and of a magnitude, 0 to 1 in ninths of the scale
(AutoAugment, section 3.1)."""


def choices_of(space: SearchSpace) -> tuple[int, int, int]:
    """The number of choices of an operation, of its probability and of its magnitude, which are
    decided in this order.

    Examples:
        >>> choices_of(SearchSpace())
        (15, 11, 10)
    """
    return len(space.operations), PROBABILITIES, MAGNITUDES


def sub_policies_of(decisions: Tensor, space: SearchSpace) -> tuple[SubPolicy, ...]:
    """The sub-policies that decisions stand for.

    Unlike in the space's own sub-policies the order of operations counts, and one may come twice.

    Args:
        decisions: (T,) int64, three per operation.
        space: its operations and length count.

    Examples:
        >>> from dada import Policy
        >>> from torch import tensor
        >>> print(Policy(sub_policies_of(tensor([4, 5, 9, 6, 10, 0]), SearchSpace())))
        100.0%  Rotate ±30 degrees (p 0.50), then Invert (p 1.00)
    """
    return tuple(
        SubPolicy(
            tuple(
                Operation(
                    space.operations[operation],
                    probability=probability / (PROBABILITIES - 1),
                    magnitude=magnitude / (MAGNITUDES - 1),
                )
                for operation, probability, magnitude in sub_policy
            )
        )
        for sub_policy in decisions.view(-1, space.length, 3).tolist()
    )
