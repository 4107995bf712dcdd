"""Text that several targets share."""

from __future__ import annotations

from collections.abc import Mapping

from dada import __version__
from dada.augment.words import around
from dada.ops import get
from dada.policy import Policy
from dada.tasks.detection import LEAST_LEFT, LEAST_SIDE

_AROUND = {"crop": str, "padding": int, "flip": bool, "cutout": int}
_AROUND |= {"jitter": float, "lighting": float}
_LONGEST = 40  # characters of a policy's name in a heading
_BETWEEN = "a pixel whose source lies between two pixels may take the other one"

ALONE = "It takes pictures alone: masks, boxes and points do not move with them."
"""For the docstrings of files that move nothing else."""

LIMITS = f"""
LEAST_LEFT, LEAST_SIDE = {LEAST_LEFT!r}, {LEAST_SIDE!r}  # of a moved box, or it is dropped
"""
"""The rule of `dada.tasks.detection`, for files that drop boxes themselves."""

FACTORS = ("Contrast", "Color", "Brightness", "Sharpness")
"""Operations whose value is a factor."""

BORDERLINE = {
    name: f"{name}: {_BETWEEN} (at most {share} % do)"
    for name, share in (("ShearX", 4), ("ShearY", 4), ("Rotate", 0.2))
}
"""Of libraries that compute the source of a pixel in float32."""


def heading(policy: Policy, needs: str, usage: str) -> str:
    """The docstring of a file with a policy, in ASCII, without the quotes around it.

    Args:
        needs: what has to be installed.
        usage: how to use the file, in whole paragraphs.
    """
    count = sum(s.weight > 0 for s in policy.sub_policies)
    noun = "sub-policy" if count == 1 else "sub-policies"
    title = f"{printable(policy.name)}: an image-augmentation policy of {count} {noun}."
    said = [f"{remark}\n" for remark in remarks(policy)]
    return "\n".join(
        [f"{title}\n", *said, usage, f"\nWritten by dada {__version__}. Needs {needs}.\n"]
    )


def around_corners(policy: Policy) -> list[str]:
    """Where libraries differ that put a box around all of its moved corners."""
    said = (
        "a moved box is the one around all its corners, cut at the edges of the image: larger than "
        "dada's where a turned one leaves the image (of 64 pixels, by up to 1 after one operation, "
        "and 16 after two)"
    )
    return [said] * any(get(name).affine_map is not None for name in used(policy))


def remarks(policy: Policy) -> list[str]:
    """What to know about a policy, whatever it is exported to; one sentence each.

    Examples:
        >>> remarks(Policy.none())
        ['No augmentation: every probability is 0, and images stay as they are.']
    """
    said = []
    if policy.is_none:
        said.append("No augmentation: every probability is 0, and images stay as they are.")
    settings = policy.provenance.get("settings")
    if isinstance(settings, Mapping) and isinstance(settings.get("flip"), bool):
        # A policy file may come from anywhere: other types are ignored.
        sound = {k: settings[k] for k, kind in _AROUND.items() if isinstance(settings.get(k), kind)}
        said.append(f"It was judged on normalised images, with {around(sound)} around it.")
    return said


def printable(name: str) -> str:
    """A policy's name, made safe for a docstring: ASCII, and nothing ends or escapes it.

    Examples:
        >>> printable('birds, 2nd "try" ✂')
        "birds, 2nd 'try' \\\\u2702"
    """
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
    return ascii(shown)[1:-1].replace('"', "'")


def used(policy: Policy) -> set[str]:
    """The operations of the sub-policies that are ever chosen."""
    return {o.name for s in policy.sub_policies if s.weight > 0 for o in s.operations}
