"""The comparisons in which a search's policy was tried, wherever they lie."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from dada.errors import UserError
from dada.policy import Policy, loads
from dada.report.verdict import policy_rows
from dada.runs import RunFolder

COMPARISON = "comparison.json"
_MOST = 2000  # folders that are looked into


class Found(NamedTuple):
    """A finished comparison.

    Attributes:
        run: its folder.
        comparison: what it found.
        row: the name of the row of the policy; None if the policy was not in it.
    """

    run: RunFolder
    comparison: dict[str, Any]
    row: str | None


def comparison_of(run: RunFolder) -> dict[str, Any] | None:
    """The run's own comparison; None if there is none."""
    if not (run.path / COMPARISON).is_file():
        return None
    comparison = run.read_json(COMPARISON)
    if not isinstance(comparison, dict):
        raise UserError(f"{run.path / COMPARISON} is damaged: not a comparison")
    return comparison


def find(run: RunFolder, policy: Policy, named: Sequence[str | Path] = ()) -> list[Found]:
    """Comparisons of exactly this policy: in the run, in folders beside it, and where it is said.

    A policy is known by its content, which a comparison keeps in its config. What cannot be read
    in a folder beside the run is passed over: it is somebody else's. A copy of one found is one.

    Args:
        named: folders of comparisons that are to be in the page, whatever was compared.

    Raises:
        UserError: a comparison that is named, or in the run's folder `compare`, is damaged or
            missing.
    """
    own = run.path / "compare"
    sure = [*([own] if (own / COMPARISON).is_file() else []), *map(Path, named)]
    found, seen = [], set[Path]()
    for folder in sure:
        if folder.resolve() in seen:
            continue
        seen.add(folder.resolve())
        comparison = comparison_of(RunFolder(folder))
        if comparison is None:
            raise UserError(f"{folder}: no finished comparison")
        found.append(_found(RunFolder(folder), comparison, policy))
    for folder in _beside(run.path):
        if folder.resolve() in seen:
            continue
        seen.add(folder.resolve())
        try:
            comparison = comparison_of(RunFolder(folder))
            other = None if comparison is None else _found(RunFolder(folder), comparison, policy)
        except (UserError, LookupError, TypeError, AttributeError):
            continue
        copied = other and any(other.comparison == one.comparison for one in found)
        if other and other.row is not None and not copied:
            found.append(other)
    return found


def _found(run: RunFolder, comparison: dict[str, Any], policy: Policy) -> Found:
    """The comparison, with the row in which the policy was."""
    there = (run.path / "config.json").is_file()
    for name, text in run.config.get("policies", {}).items() if there else ():
        given = loads(text)
        if (given.sub_policies, given.scale) != (policy.sub_policies, policy.scale):
            continue
        for row in comparison["rows"]:
            if row.get("policy", row["name"]) == name and row["name"] in policy_rows(comparison):
                return Found(run, comparison, row["name"])
    return Found(run, comparison, None)


def _beside(path: Path) -> Iterator[Path]:
    """Folders with a comparison: in the run, beside it, and in folders beside it."""
    parent = Path(os.path.normpath(path / ".."))
    for pattern, start in (("*", path), ("*", parent), ("*/*", parent)):
        found = sorted(islice(start.glob(f"{pattern}/{COMPARISON}"), _MOST))
        yield from (file.parent for file in found if not file.parent.is_symlink())
