"""Tables of text, as spreadsheets, pandas and Kaggle write them."""

import csv
import sys

import pytest

from dada.datasets.table import read_table
from dada.errors import UserError

ROWS = [("1.jpg", "cat"), ("with, comma.jpg", "Katze – groß"), ('"quoted".jpg', "two\nlines")]


def written(path, rows=ROWS, names=("path", "label"), encoding="utf-8", **options):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, **options).writerows([names, *rows])
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.csv", {}),
        ("a.CSV", {"delimiter": ";"}),
        ("a.csv", {"delimiter": "\t"}),
        ("a.tsv", {"delimiter": "\t"}),
        ("a.csv", {"quoting": csv.QUOTE_ALL, "lineterminator": "\n"}),
        ("a.csv", {"encoding": "utf-8-sig"}),
    ],
)
def test_what_was_written_is_read(tmp_path, name, options):
    table = read_table(written(tmp_path / name, **options))
    assert list(table.columns) == ["path", "label"]
    assert list(zip(*table.columns.values(), strict=True)) == ROWS
    assert [table.where(row) for row in range(3)] == [f"{name}, line {i}" for i in (2, 3, 4)]


def test_lines_are_those_of_the_file(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('path,label\n\n1.jpg,"a\nb"\n\n 2.jpg , c \n')
    table = read_table(path)
    assert table.columns == {"path": ["1.jpg", "2.jpg"], "label": ["a\nb", "c"]}
    assert [table.where(row) for row in (0, 1)] == ["x.csv, line 3", "x.csv, line 6"]


def test_the_row_numbers_of_pandas_are_no_column(tmp_path):
    rows = [(i, *row) for i, row in enumerate(ROWS)]
    table = read_table(written(tmp_path / "x.csv", rows, names=("", "path", "label")))
    assert list(table.columns) == ["path", "label"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the first line has nothing: it must name at least two columns, as in path,label"),
        ("path\n1.jpg\n", "the first line has path: it must name at least two columns"),
        ("1.jpg,cat\n2.jpg,dog\n", "the first line has '1.jpg': it must name the columns, as in"),
        ("path,label\n", "no rows: must have one for each picture"),
        ("path,label,label\n1.jpg,a,b\n", "several columns are called 'label': rename all but one"),
        ("path,label\n1.jpg,a\n2.jpg,b,c\n", "line 3: 3 columns, but the first line names 2"),
        ('path,label\n1.jpg,a\n2.jpg,"b"c\n', "line 3: not a table: "),
        (b"path,label\n1.jpg,gro\xdf\n", "not UTF-8: save it as UTF-8"),
        ("path,label\n".encode("utf-16"), "not UTF-8: save it as UTF-8"),
        (f"path,label\n1.jpg,{'x' * 200_000}\n", "line 2: not a table: field larger than field"),
    ],
)
def test_bad_tables_are_named_with_their_line(tmp_path, text, message):
    path = tmp_path / "x.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError) as e:
        read_table(path)
    assert str(e.value).startswith(str(path)) and message in str(e.value)


def test_size_is_bounded(tmp_path, monkeypatch):
    path = written(tmp_path / "x.csv")
    monkeypatch.setattr("dada.datasets.table._MOST_ROWS", 2)
    with pytest.raises(UserError, match="more than 2 rows: use fewer"):
        read_table(path)
    monkeypatch.setattr("dada.datasets.table._MOST_BYTES", 20)
    with pytest.raises(UserError, match="too large"):
        read_table(path)


# Parquet


@pytest.fixture
def pa():
    pytest.importorskip("pyarrow.parquet")
    return pytest.importorskip("pyarrow")


def parquet(pa, path, columns):
    pa.parquet.write_table(pa.table(columns), path)
    return path


def test_parquet_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UserError, match=r"pip install 'dada-augment\[parquet\]'$"):
        read_table(tmp_path / "x.parquet")


def test_parquet_cells_are_text(tmp_path, pa):
    columns = {
        "path": ["1.jpg", "2.jpg", None],
        "label": pa.array(["a", "b", "a"]).dictionary_encode(),
        "number": [3, None, 4],
        "share": [0.5, 2.0, float("nan")],
        "box": [[1, 2], [3], []],
    }
    table = read_table(parquet(pa, tmp_path / "x.parquet", columns))
    assert table.columns == {
        "path": ["1.jpg", "2.jpg", ""],
        "label": ["a", "b", "a"],
        "number": ["3", "", "4"],
        "share": ["0.5", "2", ""],
    }
    assert table.where(2) == "x.parquet, row 3"


def test_bad_parquet(tmp_path, pa, monkeypatch):
    (tmp_path / "x.parquet").write_bytes(b"no parquet")
    with pytest.raises(UserError, match=r"x.parquet: not a readable Parquet file: "):
        read_table(tmp_path / "x.parquet")
    inside = {"image": [{"bytes": b"x", "path": "1.jpg"}], "label": [1]}
    with pytest.raises(
        UserError, match=r"column 'image' holds pictures, .*load_dataset\('parquet'"
    ):
        read_table(parquet(pa, tmp_path / "x.parquet", inside))
    monkeypatch.setattr("dada.datasets.table._MOST_ROWS", 2)
    path = parquet(pa, tmp_path / "x.parquet", {"path": ["a"] * 3, "label": [1] * 3})
    with pytest.raises(UserError, match="3 rows: at most 2 are read"):
        read_table(path)
