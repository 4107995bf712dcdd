"""Which columns are meant, by their names and by what is in them."""

from pathlib import Path

import pytest

from dada.datasets.table import Table
from dada.datasets.table_columns import find_meaning, parts_named
from dada.errors import UserError


def table(**columns):
    cells = {name: list(map(str, values)) for name, values in columns.items()}
    return Table(Path("x.csv"), cells, range(2, 2 + len(next(iter(cells.values())))))


FILES, NAMES = ["1.jpg", "2.jpg", "3.jpg"], ["cat", "dog", "cat"]


@pytest.mark.parametrize(
    ("columns", "picture", "label"),
    [
        ({"path": FILES, "label": NAMES}, "path", "label"),
        ({"Category": NAMES, "File_Name": FILES}, "File_Name", "Category"),
        ({"image_id": [7, 8, 9], "label": [0, 1, 0]}, "image_id", "label"),  # cassava
        ({"id": ["0a", "0b", "0c"], "breed": NAMES}, "id", "breed"),  # dog breeds
        ({"id_code": ["0a", "0b", "0c"], "diagnosis": [0, 4, 2]}, "id_code", "diagnosis"),  # APTOS
        ({"filename": FILES, "id": [1, 2, 3], "class": NAMES}, "filename", "class"),
        ({"image_path": FILES, "image": FILES, "target": NAMES}, "image_path", "target"),
        ({"x": FILES, "y": NAMES}, "x", "y"),  # by content
        ({"x": FILES, "width": [1, 2, 3], "class_name": NAMES}, "x", "class_name"),
        ({"path": FILES, "label": [0, 1, 0], "label_name": NAMES}, "path", "label_name"),
    ],
)
def test_one_column_of_pictures_and_one_of_labels(columns, picture, label):
    meaning = find_meaning(table(**columns))
    assert (meaning.picture, meaning.labels, meaning.split) == (picture, (label,), None)
    assert set(meaning.others) == set(columns) - {picture, label}


@pytest.mark.parametrize("name", ["split", "Set", "partition", "subset", "Usage", "fold"])
def test_a_column_of_parts(name):
    there = table(**{"path": FILES, name: ["train", "Valid", "extra"], "label": NAMES})
    assert find_meaning(there).split == name
    numbers = table(**{"path": FILES, name: [0, 1, 2], "label": NAMES})
    assert find_meaning(numbers).split is None and find_meaning(numbers).others == (name,)


def test_a_column_that_says_yes_or_no_for_a_part():
    """As fastai has it."""
    there = table(path=FILES, label=NAMES, is_valid=["False", "True", "False"])
    assert find_meaning(there).split == "is_valid"
    assert parts_named(there, "is_valid") == ["train", "valid", "train"]
    vague = table(path=FILES, label=NAMES, is_valid=["no", "True", "False"])
    assert find_meaning(vague).others == ("is_valid",)


def test_several_columns_of_0_and_1():
    there = table(path=FILES, cat=[1, 0, 1], age=[3, 5, 2], dog=["1.0", "0.0", "1.0"])
    meaning = find_meaning(there)
    assert (meaning.labels, meaning.others) == (("cat", "dog"), ("age",))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": NAMES, "b": NAMES}, "has columns 'a', 'b': one of files is needed: call it path"),
        (
            {"path": FILES, "filepath": FILES, "label": NAMES},
            "columns 'path', 'filepath' may all be",
        ),
        (
            {"a": FILES, "b": FILES, "label": NAMES},
            "columns 'a', 'b' may all be the pictures: rename",
        ),
        (
            {"path": FILES, "a": NAMES, "b": NAMES},
            "which are the labels is unclear: call one label",
        ),
        (
            {"path": FILES, "label": NAMES, "category": ["x", "x", "y"]},
            "columns 'label', 'category' may all be the labels: rename or remove all but one",
        ),
        (
            {"path": FILES, "label": [0, 1, 1], "class": NAMES},  # they do not say the same
            "columns 'label', 'class' may all be the labels",
        ),
        (
            {"path": FILES, "label": NAMES, "set": ["train"] * 3, "split": ["test"] * 3},
            "columns 'set', 'split' may all be the parts of the data",
        ),
        ({"path": FILES}, "which are the labels is unclear"),
    ],
)
def test_what_is_ambiguous_names_the_columns(columns, message):
    with pytest.raises(UserError) as e:
        find_meaning(table(**columns))
    assert str(e.value).startswith("x.csv: ") and message in str(e.value)
