"""Sub-policies and operations as they stand in a file: dicts and lists of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from dada.errors import UserError, first_line
from dada.policy.model import MOST_SUB_POLICIES
from dada.policy.scale import Scale
from dada.policy.sub_policy import MOST_OPERATIONS, Operation, SubPolicy


def scale_row(scale: Scale) -> dict[str, Any]:
    """A scale as an entry of a file."""
    return {"kind": scale.kind, "bounds": dict(scale.bounds)}


def read_scale(data: dict[str, Any]) -> Scale:
    """The scale of a file.

    Raises:
        UserError: it has other entries than a kind and bounds.
        pydantic.ValidationError: one of them is wrong.
    """
    scale = data.get("scale", {})
    if not isinstance(scale, dict) or not set(scale) <= {"kind", "bounds"}:
        raise UserError('"scale" must have a "kind" and "bounds"')
    return Scale(**scale)


def sub_policy_row(sub_policy: SubPolicy) -> dict[str, Any]:
    """A sub-policy as an entry of a file."""
    return {
        "weight": sub_policy.weight,
        "operations": [operation_row(operation) for operation in sub_policy.operations],
    }


def operation_row(o: Operation) -> list[Any]:
    """An operation as an entry of a file; its spread if it has one."""
    return [o.name, o.probability, o.magnitude, *([o.spread] if o.spread else [])]


def read_sub_policies(rows: Any) -> tuple[SubPolicy, ...]:
    """Sub-policies from a file's rows, after a check of how many there are.

    Raises:
        UserError: there are too many, or one is not what it should be.
    """
    if not isinstance(rows, list):
        raise UserError('"sub_policies" must be a list')
    return tuple(_read_sub_policy(row, i) for i, row in enumerate(bounded(rows)))


def bounded(rows: Sequence[Any]) -> Sequence[Any]:
    """The rows of sub-policies, if they are not too many.

    Raises:
        UserError: they are.
    """
    if len(rows) > MOST_SUB_POLICIES:
        raise UserError(f"{len(rows):,} sub-policies: at most {MOST_SUB_POLICIES:,}")
    return rows


def _read_sub_policy(row: Any, index: int) -> SubPolicy:
    if not isinstance(row, dict) or set(row) != {"weight", "operations"}:
        raise UserError(f'sub-policy {index} must have exactly "weight" and "operations"')
    items = row["operations"]
    if not isinstance(items, list | tuple):
        raise UserError(f"sub-policy {index} must be a list of operations, not {short(items)}")
    if len(items) > MOST_OPERATIONS:
        raise UserError(
            f"sub-policy {index} has {len(items):,} operations: at most {MOST_OPERATIONS}"
        )
    try:
        operations = tuple(map(read_operation, items))
        return SubPolicy(operations=operations, weight=row["weight"])
    except UserError as error:
        raise UserError(f"sub-policy {index}: {error}") from None
    except ValidationError as error:
        raise UserError(f"sub-policy {index}: {first_line(error)}") from None


def read_operation(item: Any) -> Operation:
    """An operation from a file's row.

    Raises:
        UserError: it is not a list of three or four, or the operation is unknown.
        pydantic.ValidationError: a number is out of its range.
    """
    if not isinstance(item, list | tuple) or len(item) not in (3, 4):
        raise UserError(f"an operation must be [name, probability, magnitude], not {short(item)}")
    return Operation(
        **dict(zip(("name", "probability", "magnitude", "spread"), item, strict=False))
    )


def short(value: Any) -> str:
    """A bad value for an error message: one line of bounded length."""
    return f"{value!r:.60}"
