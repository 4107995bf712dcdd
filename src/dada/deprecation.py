"""Former names, which work for one more version and say what to use instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar
from warnings import warn

from dada.errors import UserError

Former = TypeVar("Former")
Value = TypeVar("Value")


def renamed(old: str, given: Former | None, new: str, value: Value | None) -> Former | Value | None:
    """The value of a parameter that used to have another name.

    Args:
        old: the former name.
        given: its value; None if the former name was not used.
        new: the present name.
        value: its value; None if the present name was not used.

    Raises:
        UserError: both are given.

    Examples:
        >>> renamed("watch", None, "callback", "mine")
        'mine'
    """
    if given is None:
        return value
    if value is not None:
        raise UserError(f"{old} is the former name of {new}: give {new} alone")
    warn(f"{old} is called {new} now", DeprecationWarning, stacklevel=3)
    return given


def former(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a module for names that it used to have.

    Args:
        module: the module's name.
        names: for each former name, where it is now: "MODULE:NAME".

    Examples:
        >>> look_up = former("dada", {"Watcher": "dada.runs:Callback"})
        >>> look_up("Watched")
        Traceback (most recent call last):
        AttributeError: module 'dada' has no attribute 'Watched'
    """

    def look_up(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, attribute = names[name].partition(":")
        warn(f"{module}.{name}: use {home}.{attribute}", DeprecationWarning, stacklevel=2)
        return getattr(import_module(home), attribute)

    return look_up
