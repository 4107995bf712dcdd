"""What the files and the differences of several targets say alike."""

from __future__ import annotations

from collections.abc import Iterable

from dada.policy import Policy

_BETWEEN = "a pixel whose source lies between two pixels may take the other one"

BORDERLINE = {
    name: f"{name}: {_BETWEEN} (at most {share} % do)"
    for name, share in (("ShearX", 4), ("ShearY", 4), ("Rotate", 0.2))
}
"""Where a library finds the source of a pixel in float32."""


def printable(name: str) -> str:
    """A policy's name as it may stand in a docstring, whatever is in it."""
    return "".join(c if c.isprintable() and c not in '\\"' else " " for c in name).strip()


def used(policy: Policy) -> set[str]:
    """The operations of the sub-policies that are ever chosen."""
    return {o.name for s in policy.sub_policies if s.weight > 0 for o in s.operations}


def left_out(names: Iterable[str], library: str) -> list[str]:
    """A difference for each operation that the library does not have."""
    return [f"{name} is left out: {library} has no such operation" for name in names]
