"""One policy file, every library: a policy written for the library that it is used in.

Each of `TARGETS` is a module here with

- ``ENDINGS``: of the files that it writes, the usual one first;
- ``source(policy, ending) -> str``: the text of a file that runs (or is read) as it is, in ASCII;
- ``differences(policy) -> list[str]``: in words, where the library does otherwise than `dada`;
- ``load(text, ending) -> Callable[[Image], Image]``: the file at work, one PIL image in, one out.

Only `load` imports the library; a missing one is a `UserError` that names the ``pip install`` line.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from dada.errors import UserError
from dada.files import replace_file
from dada.names import TARGETS
from dada.policy import Policy, load_policy


def target(name: str) -> ModuleType:
    """The module of a target.

    Raises:
        UserError: there is none of that name.
    """
    if name not in TARGETS:
        raise UserError(f"no export to {name!r}; there are {', '.join(TARGETS)}")
    return import_module(f"dada.export.{name}")


def write(policy: Policy | str | Path, to: str, path: str | Path | None = None) -> str:
    """Write a policy for another library.

    Args:
        policy: a policy, a published name, a policy file or a run folder.
        to: one of `TARGETS`.
        path: the file to write; None writes none.

    Returns:
        The file's text.

    Raises:
        UserError: no such target or policy, or the file's ending is not one that the target has.
    """
    module = target(to)
    chosen = policy if isinstance(policy, Policy) else load_policy(policy)
    ending = Path(path).suffix if path is not None else module.ENDINGS[0]
    if ending not in module.ENDINGS:
        raise UserError(f"{path}: for {to} a file ends in {' or '.join(module.ENDINGS)}")
    text: str = module.source(chosen, ending)
    if path is not None:
        replace_file(Path(path), text.encode("ascii"))  # whoever reads it need not guess
    return text
