"""A user's operations in processes that do not inherit memory (spawn, forkserver)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import import_module

from dada.ops.registry import get, names

_PACKAGE = f"{__name__.rpartition('.')[0]}."


def modules_of(used: Iterable[str]) -> dict[str, str]:
    """The modules that define those of the operations that do not ship with the package.

    Examples:
        >>> modules_of(["Rotate", "Invert"])
        {}
    """
    known = {name: get(name).kernel.__module__ for name in set(used).intersection(names())}
    return {
        name: module for name, module in sorted(known.items()) if not module.startswith(_PACKAGE)
    }


def import_operations(modules: Mapping[str, str]) -> None:
    """Import the modules that `modules_of` found in another process, where they are needed.

    A module that cannot be imported is skipped: `get` then names the missing operation.
    """
    for name, module in modules.items():
        if name not in names() and module != "__main__":
            with suppress(ImportError):
                import_module(module)
