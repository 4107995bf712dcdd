"""What a policy does, operation by operation: how often, how strongly, and with what gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scipy import stats

from dada.policy import Operation, Policy
from dada.policy.words import describe_operation, describe_range
from dada.report.numbers import percent


def operation_rows(policy: Policy, findings: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Operations, most frequent first.

    Args:
        findings: of a search by trials: what each operation gains over no augmentation; None
            where nobody has measured it.
    """
    reached = {} if policy.is_none else reach(policy)
    measured = findings["operations"] if findings else {}
    names = [*reached, *(name for name in measured if name not in reached)]
    most = max(reached.values(), default=0.0) or 1.0
    gains = {name: _gain(measured[name], findings["noise"]) for name in measured if findings}
    order = sorted(names, key=lambda n: (-reached.get(n, 0.0), -gains.get(n, {}).get("value", 0.0)))
    return [
        {
            "name": name,
            "share": percent(reached.get(name, 0.0)),
            "bar": round(100 * reached.get(name, 0.0) / most, 1),
            "strength": _strength(policy, name) if name in reached else "",
            "gain": gains.get(name, {}).get("words", ""),
            "effect": gains.get(name, {}).get("effect", "none"),
        }
        for name in order
    ]


def reach(policy: Policy) -> dict[str, float]:
    """The share of images that each operation reaches."""
    shares: dict[str, float] = {}
    for sub_policy, weight in zip(policy.sub_policies, policy.weights, strict=True):
        missed: dict[str, float] = {}
        for operation in sub_policy.operations:
            rest = missed.get(operation.name, 1.0)
            missed[operation.name] = rest * (1 - operation.probability)
        for name, rest in missed.items():
            shares[name] = shares.get(name, 0.0) + weight * (1 - rest)
    return shares


def _strength(policy: Policy, name: str) -> str:
    """From the lowest to the highest value; of random magnitudes, those around their mean."""
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


def _gain(found: Mapping[str, Any], noise: Mapping[str, Any]) -> dict[str, Any]:
    """``+3.1 % ± 2.0``: how much lower the loss is than without the operation."""
    value, error = found["effect"], found["standard_error"]
    words = f"{100 * value:+.1f}".replace("-", "−") + "\N{NO-BREAK SPACE}%"
    if not error:
        return {"value": value, "words": words, "effect": "none"}
    half = error * float(stats.t.ppf(0.975, noise["degrees_of_freedom"]))
    words += f" ±\N{NO-BREAK SPACE}{100 * half:.1f}"
    effect = "none" if abs(value) <= half else "helped" if value > 0 else "hurt"
    return {"value": value, "words": words, "effect": effect}
