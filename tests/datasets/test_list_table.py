"""A table of (path, label) gives what folders with the same pictures give."""

import csv
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import dada
from dada.datasets import Chosen, as_dataset, decode, load, open_files, open_images
from dada.datasets.list_table import list_table
from dada.errors import UserError

COLOURS = {"ant": 20, "bee": 120, "cat": 220}


def picture(path, label, i):
    """The colour is the picture: (label, number)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 10), (COLOURS[label], 10 * i, 7)).save(path)


def folders(root, part="", count=10, offset=0):
    """Class folders; rows of (path, label) of their pictures."""
    rows = []
    for label in COLOURS:
        for i in range(offset, offset + count):
            name = f"{part}{label}/{i:02}.png"
            picture(root / name, label, i)
            rows.append((name, label))
    return rows


def written(path, rows, names=("path", "label")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def pixels(images):
    return [tuple(image[:, 5, 5].tolist()) for image in images.images]


def truth(dataset, images):
    """The label of each picture, told by its colour."""
    names = {value: name for name, value in COLOURS.items()}
    return [dataset.classes.index(names[red]) for red, *_ in pixels(images)]


def test_a_table_is_what_its_folders_are(tmp_path):
    rows = folders(tmp_path / "pets")
    table = written(tmp_path / "labels.csv", [(f"pets/{name}", label) for name, label in rows])
    found, same = load(str(table)), load(tmp_path / "pets")
    for part in ("train", "test"):
        assert torch.equal(getattr(found, part).images, getattr(same, part).images)
        assert torch.equal(getattr(found, part).labels, getattr(same, part).labels)
    assert (found.classes, found.name, found.side) == (same.classes, "labels", same.side)
    assert found.notes[0] == "pictures are the column 'path', labels 'label'"
    assert found.notes[1:] == same.notes
    assert torch.equal(as_dataset(table).train.images, found.train.images)


def test_in_files_and_by_choice(tmp_path, monkeypatch):
    table = written(tmp_path / "labels.csv", folders(tmp_path))
    opened, whole = open_files(table), load(table)
    assert (len(opened.train), len(opened.test)) == (24, 6)
    assert opened.train.labels.tolist() == whole.train.labels.tolist()
    decoded, real = [], decode.read_picture
    monkeypatch.setattr(
        decode, "read_picture", lambda f, aim=None: decoded.append(f) or real(f, aim)
    )
    few = load(table, side=8, choose=lambda files: Chosen(np.array([0, 5]), test=False))
    assert len(decoded) == 2 and few.train.labels.tolist() == whole.train.labels[[0, 5]].tolist()
    assert few.all_labels.tolist() == whole.train.labels.tolist()
    monkeypatch.setattr(sys.modules["dada.datasets.load"], "_MEMORY", 100)
    assert "read from their files instead" in open_images(table).notes[-1]


def test_parts_by_a_column(tmp_path):
    rows = [(*row, "Training") for row in folders(tmp_path)]
    rows += [(*row, "val") for row in folders(tmp_path, "more/", 3, 10)]
    rows += [(*row, "TEST") for row in folders(tmp_path, "other/", 2, 13)[:4]]
    rows += [("nowhere.png", "ant", "extra")] * 5
    np.random.default_rng(0).shuffle(rows)
    table = written(tmp_path / "labels.csv", rows, ("filename", "class", "split"))
    dataset = load(table)
    parts = {"train": dataset.train, "val": dataset.validation, "test": dataset.test}
    assert {name: len(part) for name, part in parts.items()} == {"train": 30, "val": 9, "test": 4}
    for part in parts.values():
        assert part.labels.tolist() == truth(dataset, part)
    assert sorted(pixels(dataset.test)) == [
        (20, 130, 7),
        (20, 140, 7),
        (120, 130, 7),
        (120, 140, 7),
    ]
    assert dataset.notes[:3] == (
        "pictures are the column 'filename', labels 'class', parts 'split'",
        "TEST is the test set",
        "val is the validation set",
    )
    assert "5 rows are not used: column 'split' has 'extra'" in dataset.notes


def test_tables_beside_each_other(tmp_path):
    for name, count, offset in (("train", 10, 0), ("valid", 2, 10), ("test", 3, 12)):
        rows = folders(tmp_path, f"{name}/", count, offset)
        written(tmp_path / f"{name}.csv", rows)
    dataset = load(tmp_path / "train.csv")
    assert [len(p) for p in (dataset.train, dataset.test, dataset.validation)] == [30, 9, 6]
    assert dataset.test.labels.tolist() == truth(dataset, dataset.test)
    assert "test.csv is the test set" in dataset.notes
    assert "valid.csv is the validation set" in dataset.notes
    alone = list_table(tmp_path / "test.csv")
    assert len(alone.train.files) == 9, "a table that is not for training stands alone"


def test_as_kaggle_has_it(tmp_path):
    """Identifiers, pictures in train/, and test/ with a table without labels."""
    rows = []
    for i, label in enumerate(["ant", "bee"] * 8):
        picture(tmp_path / "train_images" / f"{i:04}.png", label, i)
        picture(tmp_path / "test_images" / f"{i:04}.png", "cat", i)
        rows.append((f"{i:04}", label))
    written(tmp_path / "train.csv", rows, ("image_id", "species"))
    written(tmp_path / "test.csv", [(name, "x") for name, _ in rows], ("image_id", "row"))
    dataset = load(tmp_path / "train.csv")
    assert dataset.classes == ("ant", "bee") and (len(dataset.train), len(dataset.test)) == (12, 4)
    for part in (dataset.train, dataset.test):
        assert part.labels.tolist() == truth(dataset, part)
    assert "test.csv is not used: no column 'species'" in dataset.notes


def test_class_names_decide(tmp_path):
    rows = [(*row, "train") for row in folders(tmp_path)]
    rows += [(name, label, "test") for name, label in folders(tmp_path, "t/", 2)[::-1][:3]]
    listing = list_table(written(tmp_path / "x.csv", rows, ("path", "label", "split")))
    assert listing.classes == ("ant", "bee", "cat") and listing.test.labels == (2, 2, 1)
    rows.append((folders(tmp_path, "u/", 1)[0][0], "eel", "test"))
    table = written(tmp_path / "x.csv", rows, ("path", "label", "split"))
    with pytest.raises(UserError, match="test classes 'eel' are missing from the training classes"):
        list_table(table)


def test_numbers_are_in_their_order(tmp_path):
    rows = [(name, {"ant": 10, "bee": 9, "cat": 2}[label]) for name, label in folders(tmp_path)]
    listing = list_table(written(tmp_path / "x.csv", rows))
    assert (
        listing.classes == ("2", "9", "10")
        and listing.train.labels == (2,) * 10 + (1,) * 10 + (0,) * 10
    )


def test_signs_that_look_like_numbers_are_text(tmp_path):
    rows = [
        (name, {"ant": "²", "bee": "1", "cat": "٣"}[label]) for name, label in folders(tmp_path)
    ]
    assert list_table(written(tmp_path / "x.csv", rows)).classes == ("1", "²", "٣")


def test_a_picture_in_two_parts_is_said_as_of_folders(tmp_path):
    rows = folders(tmp_path)
    rows = [(*row, "train") for row in rows] + [(*row, "test") for row in rows[:3]]
    dataset = load(written(tmp_path / "x.csv", rows, ("path", "label", "split")))
    assert (len(dataset.train), len(dataset.test)) == (30, 3)
    said = "3 of 3 test images are exact copies of training images: errors look too low"
    assert said in dataset.notes


def test_what_is_left_out_is_said(tmp_path):
    rows = folders(tmp_path)
    given = [*rows[2:], rows[5], ("cat/x.png", "cat"), (rows[0][0], "")]
    dataset = load(written(tmp_path / "x.csv", given))
    assert len(dataset.train) + len(dataset.test) == 28
    for note in (
        "1 row has no label: left out",
        "1 of 31 rows name no picture and are skipped: x.csv, line 31 (there is no file "
        "'cat/x.png')",
        "1 row repeats a picture: each counts once",
        "2 pictures beside those of x.csv left out: it does not name them",
    ):
        assert note in dataset.notes


@pytest.mark.parametrize("form", ["joined", "columns"])
def test_several_labels(tmp_path, form):
    sets = [{"ant"}, {"ant", "cat"}, {"bee"}, {"bee", "cat"}] * 5
    rows = []
    for i, labels in enumerate(sets):
        name = f"{i:02}.png"
        Image.new("RGB", (12, 10), tuple(255 * (label in labels) for label in COLOURS)).save(
            tmp_path / name
        )
        if form == "joined":
            rows.append((name, " | ".join(sorted(labels, reverse=True))))
        else:
            rows.append((name, *(int(label in labels) for label in COLOURS)))
    names = ("path", "labels") if form == "joined" else ("path", *COLOURS)
    table = written(tmp_path / "x.csv", rows, names)
    dataset = load(table)
    assert dataset.task.name == "multilabel" and dataset.classes == tuple(COLOURS)
    for part, count in ((dataset.train, 16), (dataset.test, 4)):
        assert [[v // 255 for v in colour] for colour in pixels(part)] == part.labels.tolist()
        assert len(part) == count
    assert "(several per picture)" in dataset.notes[0]
    opened = open_files(table)
    assert torch.equal(opened.train.labels, dataset.train.labels)
    few = load(table, choose=lambda files: Chosen(np.arange(3), test=False))
    assert torch.equal(few.train.labels, dataset.train.labels[:3]) and len(few.test) == 0


def test_several_labels_are_trained_from_files(tmp_path, monkeypatch):
    for i in range(20):
        picture(tmp_path / f"{i}.png", "ant", i)
    rows = [(i, "|".join(["ant", "bee"][i % 2 :])) for i in range(20)]
    table = written(tmp_path / "x.csv", rows, ("id", "tags"))
    monkeypatch.setattr(sys.modules["dada.datasets.load"], "_MEMORY", 100)
    settings = {"epochs": 1, "batch": 8, "device": "cpu", "model": "wrn-10-1"}
    result = dada.train(data=table, side=16, out=tmp_path / "run", **settings)
    again = dada.evaluate(tmp_path / "run")
    assert result["test_error"] == again["test_error"]


def test_columns_with_one_1_each_are_one_hot(tmp_path):
    rows = [(name, *(int(label == c) for c in COLOURS)) for name, label in folders(tmp_path)]
    listing = list_table(written(tmp_path / "x.csv", rows, ("path", *COLOURS)))
    assert listing.train.labels == (0,) * 10 + (1,) * 10 + (2,) * 10
    assert "(one-hot: read as one class per picture)" in listing.notes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: [(f"x/{n}", c) for n, c in rows],
            "30 of 30 rows name no picture: x.csv, line 2",
        ),
        (
            lambda rows: rows[:25] + [("y", "ant")] * 4,
            "4 of 29 rows name no picture: x.csv, line 27",
        ),
        (lambda rows: rows[:10], r"x.csv: one class only \('ant'\): at least two are needed"),
        (
            lambda rows: [*rows, (rows[0][0], "bee")],
            "x.csv, line 2 and x.csv, line 32: one picture with labels 'ant' and 'bee': give one",
        ),
        (lambda rows: [(n, "") for n, _ in rows], "no training image has a label in 'label'"),
    ],
)
def test_bad_rows(tmp_path, change, message):
    table = written(tmp_path / "x.csv", change(folders(tmp_path)))
    with pytest.raises(UserError, match=message):
        load(table)


def test_parts_without_a_training_set(tmp_path):
    rows = [(*row, "test") for row in folders(tmp_path)]
    table = written(tmp_path / "x.csv", rows, ("path", "label", "split"))
    with pytest.raises(UserError, match="has parts 'test': train is needed"):
        load(table)


def test_a_class_by_another_spelling_is_pointed_out(tmp_path):
    rows = [(*row, "train") for row in folders(tmp_path)]
    rows.append((folders(tmp_path, "t/", 1)[0][0], "A_nt", "test"))
    table = written(tmp_path / "x.csv", rows, ("path", "label", "split"))
    with pytest.raises(UserError, match=r"rename or remove them \('A_nt' may be 'ant'\)"):
        list_table(table)


@pytest.mark.parametrize("folder", ["", "pictures/"])
def test_a_folder_of_pictures_without_classes_points_to_its_table(tmp_path, folder):
    picture(tmp_path / folder / "1.png", "ant", 0)
    written(tmp_path / "labels.csv", [("1", "ant")], ("id", "label"))
    with pytest.raises(
        UserError, match=rf"or give a table of path and label, such as {tmp_path}/l"
    ):
        load(tmp_path / folder)


def test_whatever_is_in_a_table_is_a_listing_or_one_line(tmp_path):
    random = np.random.default_rng(0)
    folders(tmp_path, count=2)
    words = ["path", "label", "split", "train", "test", "ant/00.png", "bee/01", "cat", "1", "0", ""]
    signs = [",", ",", ",", "\n", "\n", ";", "|", '"', "\t", "\r\n", "\0", "é", "..", "/", "~", " "]
    found = {"listing": 0, "line": 0}
    for _ in range(400):
        head = random.choice(["path,label\n", "path,label,split\n", "id,a,b\n", ""])
        body = [random.choice(words if i % 2 == 0 else signs) for i in range(random.integers(40))]
        (tmp_path / "x.csv").write_text(head + "".join(body), newline="")
        try:
            list_table(tmp_path / "x.csv")
            found["listing"] += 1
        except UserError as error:
            assert str(error).startswith((str(tmp_path), "x.csv")) and "\n" not in str(error)
            found["line"] += 1
    assert found["line"] > 300 and found["listing"] > 2, found


def test_parquet(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    pa = pytest.importorskip("pyarrow")
    rows = folders(tmp_path)
    columns = {"path": [name for name, _ in rows], "label": [label for _, label in rows]}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    found, same = load(tmp_path / "x.parquet"), load(written(tmp_path / "x.csv", rows))
    assert torch.equal(found.train.images, same.train.images)
    assert torch.equal(found.test.labels, same.test.labels)


def test_a_search_by_a_table(tmp_path):
    table = written(tmp_path / "labels.csv", folders(tmp_path))
    settings = {"epochs": 1, "batch": 4, "device": "cpu", "model": "wrn-10-1"}
    policy = dada.search(str(table), preset="step", images=12, out=tmp_path / "run", **settings)
    assert len(policy.sub_policies) > 0
