"""Policies as files: versioned JSON, and the bare list found in published repositories.

A file is data: it is parsed and checked, never evaluated, and its size is checked before any memory
is allocated. Files are written in ASCII, so no encoding can garble them.
"""

from __future__ import annotations

import ast
import hashlib
import json
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dada.errors import UserError, first_line
from dada.files import opened, replace_file
from dada.names import published_policies
from dada.policy.model import (
    MOST_OPERATIONS,
    MOST_SUB_POLICIES,
    Operation,
    Policy,
    SubPolicy,
)
from dada.policy.scale import Scale

FORMAT = "dada-policy"
VERSION = 1
_LARGEST_FILE = 8 * 2**20  # bytes; the largest published policy takes 31 KB
_LARGEST_LIST = 2**20  # characters; Python's parser uses a hundred times as much memory
_PUBLISHED = files("dada.policy") / "published"


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
    if len(text) > _LARGEST_FILE:
        raise UserError(f"too large to be a policy: at most {_LARGEST_FILE >> 20} MB")
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


def save_policy(policy: Policy, path: str | Path) -> Path:
    """Write the policy as versioned JSON; an existing file is replaced whole or not at all.

    Examples:
        >>> path = save_policy(load_policy("dada-cifar10"), "policy.json")
        >>> load_policy(path) == load_policy("dada-cifar10")
        True
    """
    return replace_file(Path(path), dumps(policy).encode("ascii"))


def published_names() -> tuple[str, ...]:
    """Names of the policies that ship with the package.

    Examples:
        >>> [name for name in published_names() if "cifar10" in name]
        ['autoaugment-cifar10', 'dada-cifar10', 'dada-cifar100', 'fast-autoaugment-cifar10']
    """
    return published_policies()


def load_policy(source: str | Path) -> Policy:
    """Load a policy by name (`published_names`), from a file, or from a run folder.

    A run folder stands for the policy that its search found. If its ``policy.json`` has been edited
    since, give the path of the file itself.

    Raises:
        UserError: there is no such policy, it cannot be read, or it is not what the search found.

    Examples:
        >>> policy = load_policy("dada-cifar10")
        >>> len(policy.sub_policies), policy.length
        (25, 2)
        >>> load_policy("dada-cifar11")
        Traceback (most recent call last):
        dada.errors.UserError: no policy 'dada-cifar11': neither a file, nor a run folder ...
    """
    if not isinstance(source, str | PathLike):
        raise UserError(f"expected the name or path of a policy, got {type(source).__name__}")
    if str(source) in published_names():
        return loads((_PUBLISHED / f"{source}.json").read_text(encoding="utf-8"))
    path = Path(source)
    try:
        folder = path if path.is_dir() else None
        path = path / "policy.json" if folder else path
        found = path.is_file()
    except OSError:  # for example, too long to be a path
        found = False
    if not found:
        raise UserError(
            f"no policy {str(source)!r}: neither a file, nor a run folder with a policy.json, "
            f"nor one of {', '.join(published_names())}"
        )
    if path.stat().st_size > _LARGEST_FILE:
        raise UserError(f"{path}: too large to be a policy")
    try:
        content = path.read_bytes()
        policy = loads(content.decode("utf-8-sig"), name=path.stem)
        if folder:
            _check_found(policy, content, folder)
        return policy
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as text ({error})") from None


def checksum(content: bytes) -> str:
    """16 hexadecimal digits for a policy's file; the search records them with each epoch."""
    return hashlib.sha256(content).hexdigest()[:16]


def _check_found(policy: Policy, content: bytes, folder: Path) -> None:
    """Compare a run's policy with the checksum that its search recorded, if there is one.

    Raises:
        UserError: they differ.
    """
    recorded, number = None, policy.provenance.get("epochs_done")
    # Damaged events are reported by the code that needs them.
    with suppress(OSError, UserError, TypeError, ValueError, RecursionError):
        with opened(folder / "events.jsonl", 2**28) as file:
            events = [json.loads(line) for line in file]
        epochs = [e for e in events if isinstance(e, dict) and e.get("event") == "epoch"]
        recorded = {e.get("epoch"): e.get("policy_checksum") for e in epochs}.get(number)
    if recorded is not None and recorded != checksum(content):
        raise UserError(
            "edited or damaged since the search wrote it: give the path of the file itself to use "
            "it, or move it away and resume the search with --resume to write it again"
        )
