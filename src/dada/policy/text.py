"""Policies as text: versioned JSON, and the bare list found in published repositories.

Text is data: it is parsed and checked, never evaluated, and its size is checked before memory is
allocated. It is written in ASCII, so no encoding can garble it.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from dada.errors import UserError, first_line
from dada.policy.model import MOST_SUB_POLICIES, Policy
from dada.policy.scale import Scale
from dada.policy.sub_policy import MOST_OPERATIONS, Operation, SubPolicy

FORMAT = "dada-policy"
VERSION = 1
LARGEST_FILE = 8 * 2**20  # bytes; the largest published policy takes 31 KB
_LARGEST_LIST = 2**20  # characters; Python's parser uses a hundred times as much memory


def dumps(policy: Policy) -> str:
    """The policy as versioned JSON, one line per sub-policy. Equal policies give equal text.

    Examples:
        >>> text = dumps(Policy.none())
        >>> text.splitlines()[1:3]
        ['  "format": "dada-policy",', '  "version": 1,']
        >>> loads(text) == Policy.none()
        True
    """
    rows = ",\n".join("    " + json.dumps(_row(s)) for s in policy.sub_policies)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "name": policy.name,
        "scale": {"kind": policy.scale.kind, "bounds": dict(policy.scale.bounds)},
        "provenance": dict(policy.provenance),
    }
    text = json.dumps(head, indent=2)
    return f'{text[:-2]},\n  "sub_policies": [\n{rows}\n  ]\n}}\n'


def _row(sub_policy: SubPolicy) -> dict[str, Any]:
    return {
        "weight": sub_policy.weight,
        "operations": [
            [o.name, o.probability, o.magnitude, *([o.spread] if o.spread else [])]
            for o in sub_policy.operations
        ],
    }


def loads(text: str, name: str = "policy") -> Policy:
    """Read a policy from versioned JSON or from a bare JSON or Python list.

    Args:
        text: the file's text. The list form is
            ``[[["ShearX", 0.5, 0.46], ["Sharpness", 0.5, 0.54]], …]`` on the paper's scale.
        name: for a policy that does not state its own.

    Raises:
        UserError: the text is neither, or a value is out of range or unknown.

    Examples:
        >>> policy = loads('[[["ShearX", 0.5, 0.46], ["Invert", 1.0, 0.0]]]')
        >>> [operation.name for operation in policy.sub_policies[0].operations]
        ['ShearX', 'Invert']
        >>> loads('[[["ShearX", 0.5, 1.46]]]')
        Traceback (most recent call last):
        dada.errors.UserError: sub-policy 0: magnitude: Input should be less than or equal to 1 ...
    """
    data = _parse(text)
    try:
        if isinstance(data, dict):
            return _from_document(data, name)
        if isinstance(data, list | tuple):
            rows = [{"weight": 1.0, "operations": row} for row in _bounded(data)]
            return Policy(sub_policies=_sub_policies(rows), name=name)
    except ValidationError as error:
        raise UserError(first_line(error)) from None
    raise UserError(f"expected a policy document or a list of sub-policies, not {_short(data)}")


def _short(value: Any) -> str:
    """A bad value for an error message: one line of bounded length."""
    return f"{value!r:.60}"


def _bounded(rows: Sequence[Any]) -> Sequence[Any]:
    if len(rows) > MOST_SUB_POLICIES:
        raise UserError(f"{len(rows):,} sub-policies: at most {MOST_SUB_POLICIES:,}")
    return rows


def _parse(text: str) -> Any:
    # Hostile nesting ends in RecursionError or MemoryError; nothing is ever executed.
    if len(text) > LARGEST_FILE:
        raise UserError(f"too large to be a policy: at most {LARGEST_FILE >> 20} MB")
    try:
        return json.loads(text)
    except RecursionError:
        raise UserError("nested too deeply to be a policy") from None
    except ValueError as error:
        problem = str(error)
    if len(text) > _LARGEST_LIST:
        raise UserError(f"not JSON ({problem}), and too large to be read as a Python list")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that are about the text as a program
            return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise UserError(f"neither JSON nor a Python list ({problem})") from None


def _from_document(data: dict[str, Any], name: str) -> Policy:
    if data.get("format") != FORMAT:
        raise UserError(f'not a policy file: it has no "format": "{FORMAT}"')
    if data.get("version") != VERSION:
        raise UserError(
            f"policy format version {_short(data.get('version'))}; "
            f"this release reads version {VERSION}"
        )
    unknown = set(data) - {"format", "version", "name", "scale", "provenance", "sub_policies"}
    if unknown:
        raise UserError(f"unknown entry {min(map(_short, unknown))}")
    rows = data.get("sub_policies")
    if not isinstance(rows, list):
        raise UserError('"sub_policies" must be a list')
    scale = data.get("scale", {})
    if not isinstance(scale, dict) or not set(scale) <= {"kind", "bounds"}:
        raise UserError('"scale" must have a "kind" and "bounds"')
    return Policy(
        sub_policies=_sub_policies(_bounded(rows)),
        scale=Scale(**scale),
        name=data.get("name", name),
        provenance=data.get("provenance", {}),
    )


def _sub_policies(rows: Sequence[Any]) -> tuple[SubPolicy, ...]:
    return tuple(_sub_policy(row, i) for i, row in enumerate(rows))


def _sub_policy(row: Any, index: int) -> SubPolicy:
    if not isinstance(row, dict) or set(row) != {"weight", "operations"}:
        raise UserError(f'sub-policy {index} must have exactly "weight" and "operations"')
    items = row["operations"]
    if not isinstance(items, list | tuple):
        raise UserError(f"sub-policy {index} must be a list of operations, not {_short(items)}")
    if len(items) > MOST_OPERATIONS:
        raise UserError(
            f"sub-policy {index} has {len(items):,} operations: at most {MOST_OPERATIONS}"
        )
    try:
        operations = tuple(_operation(item) for item in items)
        return SubPolicy(operations=operations, weight=row["weight"])
    except UserError as error:
        raise UserError(f"sub-policy {index}: {error}") from None
    except ValidationError as error:
        raise UserError(f"sub-policy {index}: {first_line(error)}") from None


def _operation(item: Any) -> Operation:
    if not isinstance(item, list | tuple) or len(item) not in (3, 4):
        raise UserError(f"an operation must be [name, probability, magnitude], not {_short(item)}")
    return Operation(
        **dict(zip(("name", "probability", "magnitude", "spread"), item, strict=False))
    )
