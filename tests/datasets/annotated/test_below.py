"""Annotations inside folders that would be classes."""

import pytest

from dada.datasets.folder import list_folder
from dada.errors import UserError
from tests.datasets.annotated.formats import (
    voc,
    write,
    write_picture,
    write_voc,
    write_yolo,
    yolo,
)


def test_an_annotated_folder_among_others_is_named(tmp_path):
    inner = tmp_path / "bccd" / "bccd" / "BCCD"
    write_voc(inner)
    write_picture(tmp_path / "bccd" / "bccd" / "scripts" / "plot.png")
    write_picture(tmp_path / "bccd" / "bccd" / "example.png")
    for root in (tmp_path, tmp_path / "bccd", tmp_path / "bccd" / "bccd"):
        with pytest.raises(UserError, match=f"and not in class folders: give {inner}$"):
            list_folder(root)


def test_annotated_classes_are_classes_and_a_note_says_what_is_not_read(tmp_path):
    write_voc(tmp_path / "x")
    write_yolo(tmp_path / "y")
    listing = list_folder(tmp_path)
    assert listing.classes == ("x", "y")
    assert listing.notes[0] == (
        "boxes or masks inside the class folders are not read: to use them, give one of "
        f"'{tmp_path / 'x'}', '{tmp_path / 'y'}'"
    )


def test_rows_of_boxes_beside_the_images_of_classes_are_not_read_and_a_note_says_so(tmp_path):
    for name in ("cats/a", "dogs/d"):
        write_picture(tmp_path / f"{name}.png")
        write(tmp_path / f"{name}.txt", yolo(name[-1]))
    listing = list_folder(tmp_path)
    assert listing.classes == ("cats", "dogs")
    assert listing.notes[0].startswith("boxes or masks inside the class folders are not read")


def test_files_that_are_no_annotations_are_not_mentioned(tmp_path):
    for name in ("cats/a", "dogs/b"):
        write_picture(tmp_path / f"{name}.png")
        write(tmp_path / f"{name}.txt", "found in the garden")
        write(tmp_path / f"{name}.xml", "<note></note>")
    assert not [note for note in list_folder(tmp_path).notes if "boxes" in note]


def test_annotations_beside_some_images_leave_classes_classes(tmp_path):
    write_picture(tmp_path / "cats" / "a.png")
    write(tmp_path / "cats" / "a.xml", voc("a").replace("<xmax>20", "<xmax>?"))
    with pytest.raises(UserError, match=f"inside 'cats'.*: give {tmp_path / 'cats'}$"):
        list_folder(tmp_path)
    write_picture(tmp_path / "dogs" / "b.png")
    assert list_folder(tmp_path).notes[0].endswith(f"to use them, give {tmp_path / 'cats'}")
