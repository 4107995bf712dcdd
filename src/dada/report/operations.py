"""What a policy does by operation: how often, how strongly, and with what gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dada.policy import Operation, Policy
from dada.policy.words import describe_operation, describe_range
from dada.report.numbers import percent


@dataclass(frozen=True)
class Gain:
    """What an operation gains over none.

    Attributes:
        value: share of the loss that it saves; above 0, the operation helps.
        half_width: half-width of its 95 % interval; None if it is unknown.
    """

    value: float
    half_width: float | None


@dataclass(frozen=True, kw_only=True)
class Gains:
    """The gains of operations that a search measured.

    Attributes:
        heading: heading of their column.
        caption: how they were measured.
        by_name: the gain of each operation.
        notes: further conclusions, sentences without capital and full stop.
    """

    heading: str
    caption: str
    by_name: Mapping[str, Gain]
    notes: Sequence[str] = ()


def operation_rows(policy: Policy, gains: Gains | None) -> list[dict[str, Any]]:
    """Rows of the table of operations, most frequent first.

    Args:
        policy: the policy.
        gains: what was measured of operations; None for nothing.
    """
    reached = {} if policy.is_none else policy.reach()
    measured = gains.by_name if gains else {}
    names = [*reached, *(name for name in measured if name not in reached)]
    most = max(reached.values(), default=0.0) or 1.0

    def rank(name: str) -> tuple[float, float]:
        return -reached.get(name, 0.0), -measured[name].value if name in measured else 0.0

    return [
        {
            "name": name,
            "share": percent(reached.get(name, 0.0)),
            "bar": round(100 * reached.get(name, 0.0) / most, 1),
            "strength": _strength(policy, name) if name in reached else "",
            "gain": _in_words(measured[name]) if name in measured else "",
            "effect": _effect(measured[name]) if name in measured else "none",
        }
        for name in sorted(names, key=rank)
    ]


def _strength(policy: Policy, name: str) -> str:
    """The range of values; for random magnitudes, the range around their mean."""
    weights = [
        (weight, operation)
        for sub_policy, weight in zip(policy.sub_policies, policy.weights, strict=True)
        for operation in sub_policy.operations
        if operation.name == name
    ]
    total = sum(weight for weight, _ in weights)
    if not total:
        return ""
    if not any(operation.spread for _, operation in weights):
        return describe_range(policy.scale, name, [o.magnitude for weight, o in weights if weight])
    magnitude = sum(weight * operation.magnitude for weight, operation in weights) / total
    spread = sum(weight * operation.spread for weight, operation in weights) / total
    mean = Operation(name, 1.0, min(max(magnitude, 0.0), 1.0), spread)
    return describe_operation(policy.scale, mean).strip()


def _in_words(gain: Gain) -> str:
    """``+3.1 % ± 2.0``"""
    words = f"{100 * gain.value:+.1f}".replace("-", "−") + "\N{NO-BREAK SPACE}%"
    half = gain.half_width
    return words if half is None else f"{words} ±\N{NO-BREAK SPACE}{100 * half:.1f}"


def _effect(gain: Gain) -> str:
    if gain.half_width is None or abs(gain.value) <= gain.half_width:
        return "none"
    return "helped" if gain.value > 0 else "hurt"
