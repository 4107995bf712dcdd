"""The rows of a table: the file and the labels of each."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import chain

from dada.datasets.find_files import Finder
from dada.datasets.table import Table
from dada.datasets.table_columns import Meaning, binary
from dada.datasets.tree import is_picture
from dada.errors import UserError, listed

_BAD_SHARE, _BAD_COUNT = 0.03, 3  # as of files that cannot be read

Labels = tuple[str, ...]
"""The labels that one picture has."""


@dataclass
class Rows:
    """The rows of one part of the data that can be used.

    Attributes:
        files: the labels of each file.
        notes: on what is left out.
    """

    files: dict[str, Labels] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.files)


def not_listed(parts: Collection[Rows]) -> int:
    """How many pictures there are beside those of the rows, in the same folders."""
    listed_files = set(chain.from_iterable(rows.files for rows in parts))
    folders = sorted(set(map(os.path.dirname, listed_files)))
    beside = (entry for folder in folders for entry in os.scandir(folder or "."))
    return sum(
        is_picture(entry.name) and os.path.normpath(entry.path) not in listed_files
        for entry in beside
    )


def labels_of(table: Table, meaning: Meaning, row: int) -> Labels | None:
    """The labels of a row, in the order of their names; None if it has no label.

    Labels in one column may be joined by ``|`` or ``;``. Of several columns, a row has those that
    are 1.
    """
    cells = [table.columns[name][row] for name in meaning.labels]
    if len(cells) == 1:
        names = {name.strip() for name in cells[0].replace(";", "|").split("|")}
        return tuple(sorted(names - {""})) or None
    answers = [binary(cell) for cell in cells]
    if None in answers:
        return None
    return tuple(name for name, yes in zip(meaning.labels, answers, strict=True) if yes)


def read_rows(
    table: Table,
    meaning: Meaning,
    finder: Finder,
    kind: str | None = None,
    rows: Sequence[int] | None = None,
) -> Rows:
    """Find the pictures of some rows of a table, or of all, and their labels.

    Args:
        kind: the part of the data that they belong to, or None.

    Raises:
        UserError: more than 3 rows and more than 3 % name no picture, or a picture has two labels.
    """
    found, first = Rows(), dict[str, int]()
    bad, repeated, unlabelled = list[str](), 0, 0
    chosen = range(len(table)) if rows is None else rows
    for row in chosen:
        label = labels_of(table, meaning, row)
        if label is None:
            unlabelled += 1
            continue
        file, why = finder.find(table.columns[meaning.picture][row], kind)
        if why:
            bad.append(f"{table.where(row)} ({why})")
        elif found.files.setdefault(file, label) != label:
            raise UserError(
                f"{table.where(first[file])} and {table.where(row)}: one picture with labels "
                f"{_shown(found.files[file])} and {_shown(label)}: give one row per picture, with "
                "several labels joined by |"
            )
        else:
            repeated += first.setdefault(file, row) != row
    if unlabelled:
        found.notes.append(f"{_rows(unlabelled, 'has', 'have')} no label: left out")
    if bad:
        found.notes.append(_left_out(table, bad, len(chosen)))
    if repeated:
        found.notes.append(f"{_rows(repeated, 'repeats', 'repeat')} a picture: each counts once")
    return found


def _rows(count: int, one: str, many: str) -> str:
    return f"1 row {one}" if count == 1 else f"{count:,} rows {many}"


def _left_out(table: Table, bad: Sequence[str], count: int) -> str:
    """The note on rows without a picture; too many are an error."""
    more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
    said = f"{len(bad):,} of {count:,} rows name no picture"
    if len(bad) > max(_BAD_COUNT, _BAD_SHARE * count) or len(bad) == count:
        raise UserError(
            f"{table.path}: {said}: {'; '.join(bad[:3])}{more}: paths must be absolute or start in "
            f"{table.path.parent}/"
        )
    return f"{said} and are skipped: {'; '.join(bad[:3])}{more}"


def _shown(labels: Labels) -> str:
    return listed(labels) or "none"
