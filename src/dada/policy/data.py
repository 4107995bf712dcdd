"""Plain data: what a policy file can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from dada.errors import printable

_DEEPEST = 32  # levels of nested lists and dicts


def plain_data(value: Any, depth: int = 0) -> Any:
    """The value as JSON would return it: tuples become lists, keys become strings.

    Raises:
        ValueError: the value is nested too deeply, or part of it is not plain data.

    Examples:
        >>> plain_data({"seeds": (0, 1), 7: None})
        {'seeds': [0, 1], '7': None}
    """
    if depth > _DEEPEST:
        raise ValueError(f"nested too deeply: at most {_DEEPEST} levels")
    if isinstance(value, Mapping):
        return {str(key): plain_data(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(item, depth + 1) for item in value]
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int) and value.bit_length() <= 64:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, int | float):
        raise ValueError("numbers must be finite and below 2**64")
    raise ValueError(f"a {type(value).__name__} is not plain data")


def _on_one_line(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


def _own_copy(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return {str(key): plain_data(item) for key, item in value.items()}


Name = Annotated[str, Field(max_length=1000), BeforeValidator(_on_one_line)]
"""Of a policy or a schedule: on one line; control characters are escaped."""
Provenance = Annotated[Mapping[str, Any], AfterValidator(_own_copy)]
"""Where a policy or a schedule comes from: a copy, as plain data."""
