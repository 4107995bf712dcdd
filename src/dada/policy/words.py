"""An operation's strength in words: degrees, pixels, factors, bits."""

from __future__ import annotations

from math import exp, log
from typing import Protocol

from dada.ops import get
from dada.policy.scale import Scale


class HasMagnitude(Protocol):
    """What is described: a name, a magnitude and its spread."""

    @property
    def name(self) -> str:
        """A registered operation."""

    @property
    def magnitude(self) -> float:
        """In [0, 1]."""

    @property
    def spread(self) -> float:
        """Scale of the logistic noise on the magnitude's logit."""


def describe_operation(scale: Scale, operation: HasMagnitude) -> str:
    """`` ±16.2 degrees``; the middle 80 % as a range where the magnitude is random; or nothing."""
    kind = get(operation.name)
    if not kind.has_magnitude:
        return ""
    if operation.spread == 0:
        return " " + _at(scale, operation.name, operation.magnitude)
    low, high = (_quantile(operation.magnitude, operation.spread, q) for q in (0.1, 0.9))
    return f" {_at(scale, operation.name, low)} to {_at(scale, operation.name, high)}"


def _at(scale: Scale, name: str, magnitude: float) -> str:
    kind = get(name)
    plus, minus = scale.values(kind, magnitude)
    if plus == minus:
        return kind.describe(plus)
    if plus == -minus:
        return "±" + kind.describe(abs(plus))
    return f"{kind.describe(plus)} or {kind.describe(minus)}"


def _quantile(magnitude: float, spread: float, q: float) -> float:
    """Quantile of sigmoid(logit(magnitude) + spread · L), L standard logistic."""
    inside = min(max(magnitude, 1e-9), 1 - 1e-9)
    return 1 / (1 + exp(-(log(inside / (1 - inside)) + spread * log(q / (1 - q)))))
