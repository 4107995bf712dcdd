"""Operations of the user's own in a process that does not inherit memory (spawn, forkserver)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import import_module

from dada.ops.registry import get, names

_OWN = f"{__name__.rpartition('.')[0]}."


def modules_of(used: Iterable[str]) -> dict[str, str]:
    """The modules that register those operations which this package does not, by operation."""
    known = {name: get(name).kernel.__module__ for name in set(used).intersection(names())}
    return {name: module for name, module in sorted(known.items()) if not module.startswith(_OWN)}


def import_operations(modules: Mapping[str, str]) -> None:
    """Import what `modules_of` gave in another process, for operations not known in this one.

    A module that cannot be imported is passed over: `get` then names the missing operation.
    """
    for name, module in modules.items():
        if name not in names() and module != "__main__":
            with suppress(ImportError):
                import_module(module)
