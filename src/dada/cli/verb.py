"""What all verbs have in common: ``-h``, ``--quiet``, ``--json -`` and ``~`` in paths."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from dada.cli.terminal import terminal
from dada.errors import UserError

HELP = {"help_option_names": ["-h", "--help"]}
"""Context settings of the program and of every verb."""

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Hide progress and notes.")]


def verb(function: Callable[..., None]) -> Callable[..., None]:
    """A verb's function in the form that Typer takes.

    It gains ``--quiet``, and ``~`` is expanded in its paths. A parameter whose type is a dataclass
    becomes one option per field, so that verbs can share options.
    """
    own = _parameters(function)
    groups: dict[str, Any] = {p.name: p.annotation for p in own if is_dataclass(p.annotation)}
    fields = {name: _parameters(group) for name, group in groups.items()}

    @wraps(function)
    def run(*, quiet: bool = False, **values: Any) -> None:
        values = {name: _expanded(value) for name, value in values.items()}
        terminal.begin(quiet, values.get("json_"))
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields[name]})
        try:
            function(**values)
        finally:
            terminal.end()

    parameters = [option for p in own for option in fields.get(p.name, [p])]
    quiet = inspect.Parameter("quiet", inspect.Parameter.KEYWORD_ONLY, default=False)
    parameters.append(quiet.replace(annotation=Quiet))
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
    return run


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function, or the fields of a dataclass, with their types resolved."""
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    return [p.replace(annotation=hints[p.name]) for p in signature.parameters.values()]


def _expanded(value: Any) -> Any:
    """The value with ``~`` expanded, if it is a path, also one given as text."""
    if isinstance(value, list):
        return [_expanded(one) for one in value]
    if not isinstance(value, str | Path) or not str(value).startswith("~"):
        return value
    try:
        return type(value)(Path(value).expanduser())
    except RuntimeError:
        raise UserError(f"{value}: there is no such user") from None
