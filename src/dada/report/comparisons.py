"""Find the comparisons in which a search's policy was tried."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from dada.errors import UserError
from dada.policy import AnyPolicy, loads
from dada.report.verdict import policy_rows
from dada.runs import RunFolder

COMPARISON = "comparison.json"
_MOST = 2000  # folders to look into


class Found(NamedTuple):
    """A finished comparison.

    Attributes:
        run: its folder.
        comparison: the contents of its `comparison.json`.
        row: the name of the policy's row; None if the policy was not in it.
    """

    run: RunFolder
    comparison: dict[str, Any]
    row: str | None


def comparison_of(run: RunFolder) -> dict[str, Any] | None:
    """The run's own comparison; None if it has none.

    Raises:
        UserError: the file is damaged.
    """
    if not (run.path / COMPARISON).is_file():
        return None
    comparison = run.read_json(COMPARISON)
    if not isinstance(comparison, dict):
        raise UserError(f"{run.path / COMPARISON} is damaged: not a comparison")
    return comparison


def find(run: RunFolder, policy: AnyPolicy, named: Sequence[str | Path] = ()) -> list[Found]:
    """Comparisons of exactly this policy: in the run, in folders beside it, and in named ones.

    A policy is recognised by its content, which a comparison keeps in its config; that of no
    augmentation, which searches on any data may find, by where it comes from, too. Folders beside
    the run that cannot be read are skipped, as they may be unrelated. Copies count once.

    Args:
        run: the search.
        policy: what it found.
        named: folders of comparisons to include, whatever was compared.

    Raises:
        UserError: a named comparison, or one in the run's folder `compare`, is damaged or missing.
    """
    inside = run.path / "compare"
    sure = [*([inside] if (inside / COMPARISON).is_file() else []), *map(Path, named)]
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


def _found(run: RunFolder, comparison: dict[str, Any], policy: AnyPolicy) -> Found:
    """The comparison, with the policy's row."""
    there = (run.path / "config.json").is_file()
    for name, text in run.config.get("policies", {}).items() if there else ():
        if not _same(loads(text), policy):
            continue
        for row in comparison["rows"]:
            if row.get("policy", row["name"]) == name and row["name"] in policy_rows(comparison):
                return Found(run, comparison, row["name"])
    return Found(run, comparison, None)


def _same(one: AnyPolicy, other: AnyPolicy) -> bool:
    """Whether two policies change images alike; if neither does, whether one search found both."""
    if one.content != other.content:
        return False
    return not one.is_none or one.provenance == other.provenance


def _beside(path: Path) -> Iterator[Path]:
    """Folders with a comparison: in the run, beside it, and in folders beside it."""
    parent = Path(os.path.normpath(path / ".."))
    for pattern, start in (("*", path), ("*", parent), ("*/*", parent)):
        found = sorted(islice(start.glob(f"{pattern}/{COMPARISON}"), _MOST))
        yield from (file.parent for file in found if not file.parent.is_symlink())
