"""A schedule's part of a policy file, version 2: its stages, one per line."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from dada.errors import UserError, first_line
from dada.policy.model import Policy
from dada.policy.operation_list import MOST_LISTED, OperationList
from dada.policy.rows import (
    operation_row,
    read_operation,
    read_scale,
    read_sub_policies,
    short,
    sub_policy_row,
)
from dada.policy.scale import Scale
from dada.policy.schedule import MOST_STAGES, PolicySchedule, Stage, check_in_all

_LISTED = {"epochs", "counts", "operations"}
_POLICY = {"epochs", "name", "provenance", "sub_policies"}


def stage_row(stage: Stage) -> str:
    """A stage as one line of JSON."""
    row: dict[str, Any] = {"epochs": stage.epochs}
    if isinstance(stage.policy, OperationList):
        row["counts"] = list(stage.policy.counts)
        row["operations"] = [operation_row(o) for o in stage.policy.operations]
    else:
        row["name"] = stage.policy.name
        row |= {"provenance": dict(stage.policy.provenance)} if stage.policy.provenance else {}
        row["sub_policies"] = [sub_policy_row(s) for s in stage.policy.sub_policies]
    return json.dumps(row)


def read_schedule(data: dict[str, Any], name: str) -> PolicySchedule:
    """A schedule from the entries of a file, after a check of how many stages there are.

    Raises:
        UserError: an entry is missing or unknown, or a value is out of range.
        pydantic.ValidationError: so is a value outside the stages.
    """
    rows, scale = data.get("stages"), read_scale(data)
    if not isinstance(rows, list):
        raise UserError('"stages" must be a list')
    if len(rows) > MOST_STAGES:
        raise UserError(f"{len(rows):,} stages: at most {MOST_STAGES:,}")
    found = (row.get("sub_policies") for row in rows if isinstance(row, dict))
    try:
        check_in_all(len(these) for these in found if isinstance(these, list))
    except ValueError as error:
        raise UserError(str(error)) from None
    return PolicySchedule(
        stages=tuple(_read_stage(row, number, scale) for number, row in enumerate(rows)),
        name=data.get("name", name),
        provenance=data.get("provenance", {}),
    )


def _read_stage(row: Any, number: int, scale: Scale) -> Stage:
    try:
        if isinstance(row, dict) and set(row) == _LISTED:
            return Stage(epochs=row["epochs"], policy=_read_list(row, scale))
        if isinstance(row, dict) and {"epochs", "sub_policies"} <= set(row) <= _POLICY:
            return Stage(epochs=row["epochs"], policy=_read_policy(row, scale))
        raise UserError('it must have "epochs", and "sub_policies" or "counts" and "operations"')
    except UserError as error:
        raise UserError(f"stage {number}: {error}") from None
    except ValidationError as error:
        raise UserError(f"stage {number}: {first_line(error)}") from None


def _read_list(row: dict[str, Any], scale: Scale) -> OperationList:
    items, counts = row["operations"], row["counts"]
    if not isinstance(items, list):
        raise UserError(f'"operations" must be a list, not {short(items)}')
    if len(items) > MOST_LISTED:
        raise UserError(f"{len(items):,} operations: at most {MOST_LISTED}")
    return OperationList(operations=tuple(map(read_operation, items)), counts=counts, scale=scale)


def _read_policy(row: dict[str, Any], scale: Scale) -> Policy:
    return Policy(
        sub_policies=read_sub_policies(row["sub_policies"]),
        scale=scale,
        name=row.get("name", "policy"),
        provenance=row.get("provenance", {}),
    )
