"""Which columns of a table are the pictures, the labels and the parts of the data."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dada.datasets.columns import FLAGS, LABELS, PICTURES, SPLITS, plain
from dada.datasets.parts import part_of
from dada.datasets.table import Table
from dada.datasets.tree import is_picture
from dada.errors import UserError, listed

_BINARY = {"0": False, "1": True, "False": False, "True": True, "0.0": False, "1.0": True}


@dataclass(frozen=True)
class Meaning:
    """The names of the columns.

    Attributes:
        picture: paths, file names, or names of files without their ending.
        labels: one column of labels, or several of 0 and 1.
        split: the part of the data that each picture belongs to; None if there is no such column.
        others: those not used.
    """

    picture: str
    labels: tuple[str, ...]
    split: str | None
    others: tuple[str, ...]


def find_meaning(table: Table) -> Meaning:
    """Tell the columns by the usual names (`dada.datasets.columns`) and, if need be, by content.

    Raises:
        UserError: there is no column of pictures or of labels, or several may be meant.
    """
    picture = _picture(table)
    split = _split(table)
    left = [name for name in table.columns if name not in (picture, split)]
    labels = _labels(table, left)
    others = tuple(name for name in left if name not in labels)
    return Meaning(picture, labels, split, others)


def parts_named(table: Table, split: str) -> list[str]:
    """What a column of parts calls the part of each row."""
    cells = table.columns[split]
    part = FLAGS.get(plain(split))
    return cells if part is None else [part if binary(cell) else "train" for cell in cells]


def binary(value: str) -> bool | None:
    """Whether a cell of a column of 0 and 1 says yes; None if it is something else."""
    return _BINARY.get(value)


def _picture(table: Table) -> str:
    for words in PICTURES:
        if found := _called(table.columns, words):
            return _only(table, found, "pictures")
    files = [
        name
        for name, cells in table.columns.items()
        if all(is_picture(os.path.basename(cell)) for cell in cells if cell) and any(cells)
    ]
    if not files:
        raise UserError(
            f"{table.path}: has columns {listed([*table.columns])}: one of files is needed: call "
            "it path"
        )
    return _only(table, files, "pictures")


def _split(table: Table) -> str | None:
    found = _called(table.columns, SPLITS)
    found = [name for name in found if any(map(part_of, set(table.columns[name])))]
    flags = _called(table.columns, tuple(FLAGS))
    found += [name for name in flags if None not in set(map(binary, table.columns[name]))]
    return _only(table, found, "parts of the data") if found else None


def _labels(table: Table, left: Sequence[str]) -> tuple[str, ...]:
    if found := _called(left, LABELS):
        return (_only(table, _without_codes(table, found), "labels"),)
    # A second name of the picture is no label.
    left = [name for name in left if not any(plain(name) in words for words in PICTURES)]
    if len(left) == 1:
        return (left[0],)
    several = [
        name for name in left if all(binary(cell) is not None for cell in table.columns[name])
    ]
    if len(several) > 1:
        return tuple(several)
    raise UserError(
        f"{table.path}: has columns {listed([*table.columns])}: which are the labels is unclear: "
        "call one label, or have several of 0 and 1"
    )


def _called(columns: Collection[str], words: tuple[str, ...]) -> list[str]:
    return [name for name in columns if plain(name) in words]


def _only(table: Table, found: Sequence[str], what: str) -> str:
    if len(found) > 1:
        raise UserError(
            f"{table.path}: columns {listed(found)} may all be the {what}: rename or remove all "
            "but one"
        )
    return found[0]


def _without_codes(table: Table, found: Sequence[str]) -> Sequence[str]:
    """Of two columns that say the same, numbers and names, the names."""
    names = [name for name in found if not all(cell.isdecimal() for cell in table.columns[name])]
    if len(found) != 2 or len(names) != 1:
        return found
    one, other = (table.columns[name] for name in found)
    same = len(set(one)) == len(set(other)) == len(set(zip(one, other, strict=True)))
    return names if same else found
