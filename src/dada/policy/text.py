"""Policies as text: versioned JSON, and the bare list found in published repositories.

Text is data: it is parsed and checked, never evaluated, and its size is checked before memory is
allocated. It is written in ASCII, so no encoding can garble it.
"""

from __future__ import annotations

import ast
import json
import warnings
from typing import Any

from pydantic import ValidationError

from dada.errors import UserError, first_line
from dada.policy.model import Policy
from dada.policy.rows import (
    bounded,
    read_scale,
    read_sub_policies,
    scale_row,
    short,
    sub_policy_row,
)
from dada.policy.schedule import AnyPolicy, PolicySchedule
from dada.policy.schedule_text import read_schedule, stage_row

FORMAT = "dada-policy"
VERSION, SCHEDULE_VERSION = 1, 2  # of a policy, and of one that changes over epochs
LARGEST_FILE = 8 * 2**20  # bytes; the largest published policy takes 31 KB
_LARGEST_LIST = 2**20  # characters; Python's parser uses a hundred times as much memory


def dumps(policy: AnyPolicy) -> str:
    """The policy as versioned JSON, one line per sub-policy or stage. Equal policies give equal
    text.

    Examples:
        >>> text = dumps(Policy.none())
        >>> text.splitlines()[1:3]
        ['  "format": "dada-policy",', '  "version": 1,']
        >>> loads(text) == Policy.none()
        True
    """
    if isinstance(policy, PolicySchedule):
        version, entry = SCHEDULE_VERSION, "stages"
        rows = [stage_row(stage) for stage in policy.stages]
    else:
        version, entry = VERSION, "sub_policies"
        rows = [json.dumps(sub_policy_row(s)) for s in policy.sub_policies]
    head = {
        "format": FORMAT,
        "version": version,
        "name": policy.name,
        "scale": scale_row(policy.scale),
        "provenance": dict(policy.provenance),
    }
    text, lines = json.dumps(head, indent=2), ",\n".join(f"    {row}" for row in rows)
    return f'{text[:-2]},\n  "{entry}": [\n{lines}\n  ]\n}}\n'


def loads(text: str, name: str = "policy") -> AnyPolicy:
    """Read a policy or a schedule from versioned JSON or from a bare JSON or Python list.

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
            rows = [{"weight": 1.0, "operations": row} for row in bounded(data)]
            return Policy(sub_policies=read_sub_policies(rows), name=name)
    except ValidationError as error:
        raise UserError(first_line(error)) from None
    raise UserError(f"expected a policy document or a list of sub-policies, not {short(data)}")


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


def _from_document(data: dict[str, Any], name: str) -> AnyPolicy:
    if data.get("format") != FORMAT:
        raise UserError(f'not a policy file: it has no "format": "{FORMAT}"')
    version = data.get("version")
    if version not in (VERSION, SCHEDULE_VERSION) or isinstance(version, bool):
        raise UserError(
            f"policy format version {short(version)}; "
            f"this release reads versions {VERSION} and {SCHEDULE_VERSION}"
        )
    rows = "stages" if version == SCHEDULE_VERSION else "sub_policies"
    if unknown := set(data) - {"format", "version", "name", "scale", "provenance", rows}:
        raise UserError(f"unknown entry {min(map(short, unknown))}")
    if version == SCHEDULE_VERSION:
        return read_schedule(data, name)
    return Policy(
        sub_policies=read_sub_policies(data.get("sub_policies")),
        scale=read_scale(data),
        name=data.get("name", name),
        provenance=data.get("provenance", {}),
    )
