"""YOLO text: rows and names that are broken, polygons, and images without a file."""

from pathlib import Path

import pytest

from dada.datasets.annotated.read_text import yaml_names
from dada.datasets.annotated.yolo import find
from dada.errors import UserError
from tests.datasets.annotated.formats import write, write_picture, write_yolo, write_yolo_beside


def make(root, text):
    write_picture(root / "images" / "a.png")
    write(root / "labels" / "a.txt", text)
    return root


@pytest.mark.parametrize(
    "text",
    [
        "names: [cat, 'a, dog']",
        'nc: 2\nnames: [ "cat" ,\n  "a, dog",\n]\nval: x\n',
        "names:\n  - cat\n  - a, dog # the second\n\ntrain: x\n",
        "names:\n- cat\n- 'a, dog'\n",
        "# ours\nnames:\n  0: cat\n  1: a, dog\n",
        "names: {0: cat, 1: 'a, dog'}\n",
    ],
)
def test_names_are_read_as_a_yaml_library_reads_them(tmp_path, text):
    (tmp_path / "data.yaml").write_text(text)
    assert yaml_names(tmp_path) == ("cat", "a, dog")
    yaml = pytest.importorskip("yaml")
    names = yaml.safe_load(text)["names"]
    assert tuple(names.values() if isinstance(names, dict) else names) == ("cat", "a, dog")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: &a [cat]", r"data.yaml:1: '&a \[cat\]': names must be"),
        ("x: 1\nnames:\n  - cat\n  dog\n", "data.yaml:4: 'dog': names must be"),
        ("names:\n  0: cat\n  2: dog\n", "data.yaml:2: names are not numbered 0 to 1"),
        ("names: [cat, cat]", "data.yaml: class 'cat' is there twice"),
        ("names: [cat,\n", "data.yaml:1: .*: names must be"),
        ("names: [a'b, cat]", "data.yaml:1: '': names must be"),
        ("names: !!python/object/apply:os.system [ls]", "data.yaml:1: .*: names must be"),
    ],
)
def test_names_in_another_way_are_refused(tmp_path, text, message):
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        yaml_names(tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0 0.5 0.5 0.1", "'0 0.5 0.5 0.1': must be a class, and x, y, width and height"),
        ("0 0.5 0.5 0.1 0.1 0.9", "must be a class"),
        ("-1 0.5 0.5 0.1 0.1", "must be a class"),
        ("cat 0.5 0.5 0.1 0.1", "must be a class"),
        ("2 0.5 0.5 0.1 0.1", "class 2: there are 2 names, from 0"),
        ("0 0.5 0.5 x 0.1", "could not convert string to float: 'x'"),
        ("0 0.5 0.5 nan 0.1", "numbers must be relative"),
        ("0 320 240 100 50", "numbers must be relative to the image's width and height"),
    ],
)
def test_a_broken_row_is_named_with_its_line(tmp_path, row, message):
    write(tmp_path / "data.yaml", "names: [cat, dog]\n")
    make(tmp_path, f"0 0.5 0.5 0.1 0.1\n\n{row}\n")
    with pytest.raises(UserError, match=rf"a\.txt:3: .*{message}"):
        find(tmp_path)


def test_a_polygon_is_the_box_around_it(tmp_path):
    make(tmp_path, "0 0.1 0.2 0.5 0.1 0.3 0.7\n")
    found = find(tmp_path)
    (picture,) = found.parts[""]
    assert picture.boxes[0].corners == (0.1, 0.1, 0.5, 0.7)
    assert found.classes == ("class 0",)
    assert found.notes == (
        "polygons are read as the boxes around them: 1, first in labels/a.txt:1",
        "there is no data.yaml with names, and no classes.txt: classes are numbers",
    )


def test_what_has_no_partner_is_said(tmp_path):
    write_yolo(tmp_path)
    write_picture(tmp_path / "images" / "train" / "new.png")
    write(tmp_path / "labels" / "train" / "old.txt", "")
    found = find(tmp_path)
    assert len(found.parts["train"]) == 4
    assert found.notes == (
        "annotations whose image is not there are left out: 1, first in labels/train/old.txt",
        "images without a text file are taken to be without objects: 1, first in "
        "images/train/new.png",
    )


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("images/train", "labels/train"),
        ("train/images", "train/labels"),
        ("images", "labels"),
    ],
)
def test_the_text_files_of_a_part_are_listed_once(tmp_path, monkeypatch, images, labels):
    write_picture(tmp_path / images / "a.png")
    write(tmp_path / labels / "a.txt", "0 0.5 0.5 0.1 0.1\n")
    listed, before = [], Path.rglob
    monkeypatch.setattr(Path, "rglob", lambda *given: listed.append(given[0]) or before(*given))
    (pictures,) = filter(None, find(tmp_path).parts.values())
    assert len(pictures) == 1 and listed == [tmp_path / labels]


def test_names_may_be_in_a_text_file(tmp_path):
    make(tmp_path, "1 0.5 0.5 0.1 0.1\n")
    write(tmp_path / "labels" / "classes.txt", "cat\ndog\n")
    found = find(tmp_path)
    assert found.classes == ("cat", "dog")
    assert found.parts[""][0].boxes[0].name == "dog"


def test_text_is_text(tmp_path):
    make(tmp_path, "")
    (tmp_path / "labels" / "a.txt").write_bytes(b"0 0.5 0.5 0.1 0.1\n\xff\n")
    with pytest.raises(UserError, match=r"a.txt:2: not UTF-8 text"):
        find(tmp_path)


def test_texts_beside_images_are_rows_or_nothing(tmp_path):
    write_yolo_beside(tmp_path)
    texts = {tmp_path / "train" / f"{name}.txt" for name in "abc"} | {tmp_path / "test" / "d.txt"}
    assert set(find(tmp_path).sources) == texts
    write(tmp_path / "train" / "a.txt", "a dog in front of a cat")
    write(tmp_path / "test" / "d.txt", "3 dogs")
    assert find(tmp_path) is None
