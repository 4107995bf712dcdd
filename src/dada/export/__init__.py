"""One policy file, every library: a policy written for the library that it is used in.

Each of `TARGETS` is a module here, with a `Target` called ``target``.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from dada.errors import UserError
from dada.export.interface import Target
from dada.files import replace_file
from dada.names import TARGETS
from dada.policy import AnyPolicy, as_policy

__all__ = ["TARGETS", "Target", "target", "write"]


def target(name: str) -> Target:
    """The target of that name: what it writes, and which operations it knows.

    Raises:
        UserError: there is none of that name.

    Examples:
        >>> target("albumentations").endings
        ('.py', '.json', '.yaml')
        >>> "Cutout" in target("timm").operations
        True
    """
    if name not in TARGETS:
        raise UserError(f"no export to {name!r}; there are {', '.join(TARGETS)}")
    found: Target = import_module(f"dada.export.{name}").target
    return found


def write(
    policy: AnyPolicy | str | Path,
    to: str,
    path: str | Path | None = None,
    *,
    epoch: int | None = None,
) -> str:
    """Write a policy for another library.

    Args:
        policy: a policy, a published name, a policy file or a run folder.
        to: one of `TARGETS`.
        path: the file to write; None writes none.
        epoch: of a schedule, the epoch whose policy is written, from 1 to the schedule's length.

    Returns:
        The file's text.

    Raises:
        UserError: no such target or policy; a schedule without an epoch; the target does not know
            an operation of the policy, or cannot express it; the file's ending is not one of the
            target's.

    Examples:
        >>> from dada.policy import Operation, Policy, SubPolicy
        >>> turn = SubPolicy((Operation("Rotate", 0.5, 0.9), Operation("Invert", 0.2, 0.0)))
        >>> print(write(Policy((turn,)), "list"))
        [
          [["Rotate", 0.5, 0.9], ["Invert", 0.2, 0.0]]
        ]
        <BLANKLINE>
    """
    chosen_target = target(to)
    chosen = as_policy(policy).chosen(epoch)
    ending = Path(path).suffix if path is not None else chosen_target.endings[0]
    if ending not in chosen_target.endings:
        raise UserError(f"{path}: for {to} a file ends in {' or '.join(chosen_target.endings)}")
    text = chosen_target.source(chosen, ending)
    if path is not None:
        replace_file(Path(path), text.encode("ascii"))  # whoever reads it need not guess
    return text
