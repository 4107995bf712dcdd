"""Read a table from a CSV, TSV or Parquet file: every cell as text."""

import csv
import io
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dada.datasets.tree import is_picture
from dada.errors import UserError, brief, listed
from dada.extras import library
from dada.files import opened

ENDINGS = (".csv", ".tsv", ".parquet")
"""File extensions of tables, in upper or lower case."""

_MOST_BYTES, _MOST_ROWS = 2**28, 5_000_000  # a cell takes some 80 bytes in memory


def is_table(path: Path) -> bool:
    """Whether a file of this name is read as a table."""
    return path.suffix.lower() in ENDINGS


@dataclass(frozen=True, eq=False)
class Table:
    """The cells of a table, as text without surrounding spaces; empty if there is nothing.

    Attributes:
        path: its file.
        columns: the cells of each column, by its name.
        lines: where each row begins: the line in a text file, or the row, both from 1.
        unit: ``line`` or ``row``.
    """

    path: Path
    columns: dict[str, list[str]]
    lines: Sequence[int]
    unit: str = "line"

    def __len__(self) -> int:
        return len(self.lines)

    def where(self, row: int) -> str:
        """A row's file and line, for a message."""
        return f"{self.path.name}, {self.unit} {self.lines[row]}"


def read_table(path: Path) -> Table:
    """Read a table whose first line names the columns.

    In a CSV file, commas, semicolons or tabs separate the columns, whichever the first line has
    most of; the text is UTF-8.

    Raises:
        UserError: the file is too large, is not UTF-8 or not a table, has no rows, or its first
            line does not name the columns; or the package that reads Parquet is missing.

    Examples:
        >>> from pathlib import Path
        >>> Path("pets.csv").write_text("path;label\\n1.jpg;cat\\n2.jpg;dog\\n")
        31
        >>> table = read_table(Path("pets.csv"))
        >>> table.columns, table.where(1)
        ({'path': ['1.jpg', '2.jpg'], 'label': ['cat', 'dog']}, 'pets.csv, line 3')
    """
    table = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_text(path)
    if not len(table):
        raise UserError(f"{path}: no rows: must have one for each picture")
    return table


def _read_text(path: Path) -> Table:
    lines, cells = [], []
    with opened(path, _MOST_BYTES) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            reader = csv.reader(text, delimiter=_separator(path, text), strict=True)
            names = _checked(path, next(reader, []))
            begins = reader.line_num + 1
            for row in reader:
                if len(row) not in (0, len(names)):
                    raise UserError(
                        f"{path}, line {begins}: {len(row)} columns, but the first line names "
                        f"{len(names)}: quote what contains a separator"
                    )
                if row:
                    lines.append(begins)
                    cells.append(row)
                begins = reader.line_num + 1
                if len(lines) > _MOST_ROWS:
                    raise UserError(f"{path}: more than {_MOST_ROWS:,} rows: use fewer")
        except csv.Error as error:
            raise UserError(f"{path}, line {reader.line_num}: not a table: {error}") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not UTF-8: save it as UTF-8") from error
    columns = zip(*cells, strict=True) if cells else ([] for _ in names)
    return Table(
        path, {n: [*map(str.strip, c)] for n, c in zip(names, columns, strict=True) if n}, lines
    )


def _separator(path: Path, text: io.TextIOWrapper) -> str:
    first = text.readline(2**16)
    text.seek(0)
    return "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=first.count)


def _checked(path: Path, names: Sequence[str]) -> list[str]:
    """The names of the columns; a column of row numbers may have none."""
    stripped = [name.strip() for name in names]
    if files := [name for name in stripped if is_picture(name)]:
        raise UserError(
            f"{path}: the first line has {listed(files[:1])}: it must name the columns, as in "
            "path,label"
        )
    if twice := [name for name, count in Counter(stripped).items() if name and count > 1]:
        raise UserError(f"{path}: several columns are called {listed(twice)}: rename all but one")
    if len(stripped) < 2:
        found = brief(stripped[0]) if stripped else "nothing"
        raise UserError(
            f"{path}: the first line has {found}: it must name at least two columns, as in "
            "path,label"
        )
    return stripped


def _read_parquet(path: Path) -> Table:
    parquet = library("pyarrow.parquet", str(path))
    with opened(path, _MOST_BYTES) as file:
        try:
            source = parquet.ParquetFile(file)
            kinds = {field.name: str(field.type) for field in source.schema_arrow}
            names = [n for n, kind in kinds.items() if not kind.startswith(_NESTED)]
            _check_flat(path, kinds, names, source.metadata.num_rows)
            found = source.read(columns=names).to_pydict()
        except (UserError, MemoryError):
            raise
        except Exception as error:  # files that are damaged fail in many ways
            why = " ".join(str(error).split())
            raise UserError(f"{path}: not a readable Parquet file: {brief(why, 200)}") from error
    columns = {name: [*map(_text, values)] for name, values in found.items()}
    rows = len(next(iter(columns.values()), []))
    return Table(path, columns, range(1, rows + 1), "row")


_NESTED = ("struct", "list", "large_list", "fixed_size_list", "map", "binary", "large_binary")


def _check_flat(path: Path, kinds: dict[str, str], names: list[str], rows: int) -> None:
    if rows > _MOST_ROWS:
        raise UserError(f"{path}: {rows:,} rows: at most {_MOST_ROWS:,} are read")
    held = [name for name, kind in kinds.items() if "bytes: binary" in kind or kind == "binary"]
    if held and len(names) < 2:
        raise UserError(
            f"{path}: column {listed(held)} holds pictures, not their paths: in Python, give "
            f"datasets.load_dataset('parquet', data_files={str(path)!r})"
        )
    _checked(path, names)


def _text(value: Any) -> str:
    """A cell as text: empty for a missing one, and whole numbers without a point."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
