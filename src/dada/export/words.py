"""What the files and the differences of several targets say alike."""

from __future__ import annotations

from collections.abc import Iterable

from dada import __version__
from dada.policy import Policy

_LONGEST = 40  # characters of a policy's name in a heading
_BETWEEN = "a pixel whose source lies between two pixels may take the other one"

BORDERLINE = {
    name: f"{name}: {_BETWEEN} (at most {share} % do)"
    for name, share in (("ShearX", 4), ("ShearY", 4), ("Rotate", 0.2))
}
"""Where a library finds the source of a pixel in float32."""


def heading(policy: Policy, needs: str, usage: str) -> str:
    """The docstring of a file that holds a policy, in ASCII and without quotes around it.

    Args:
        needs: what has to be installed.
        usage: how to use the file, in whole paragraphs.
    """
    count = sum(s.weight > 0 for s in policy.sub_policies)
    noun = "sub-policy" if count == 1 else "sub-policies"
    lines = [f"{printable(policy.name)}: an image-augmentation policy of {count} {noun}."]
    if policy.is_none:
        lines += ["", "No augmentation: every probability is 0, and images stay as they are."]
    return "\n".join([*lines, "", usage, "", f"Written by dada {__version__}. Needs {needs}.", ""])


def printable(name: str) -> str:
    """A policy's name as it may stand in a docstring: ASCII, and nothing ends or escapes it."""
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
    return ascii(shown)[1:-1].replace('"', "'")


def used(policy: Policy) -> set[str]:
    """The operations of the sub-policies that are ever chosen."""
    return {o.name for s in policy.sub_policies if s.weight > 0 for o in s.operations}


def left_out(names: Iterable[str], library: str) -> list[str]:
    """A difference for each operation that the library does not have."""
    return [f"{name} is left out: {library} has no such operation" for name in sorted(names)]
