"""Nothing that looks like annotations is left unread in silence."""

import pytest

from dada.datasets.annotated.find import list_annotated
from dada.datasets.folder import list_folder
from dada.errors import UserError
from tests.datasets.annotated.formats import (
    DETECTION,
    coco,
    mask,
    voc,
    write,
    write_mask,
    write_masks,
    write_parts,
    write_picture,
)

NOTE = "not read, though "


def said(listing):
    return [note for note in listing.notes if note.startswith(NOTE)]


@pytest.mark.parametrize("kind", DETECTION)
def test_of_what_is_read_nothing_is_said(tmp_path, kind):
    DETECTION[kind](tmp_path)
    assert said(list_annotated(tmp_path)) == []


@pytest.mark.parametrize("kind", DETECTION)
def test_of_what_is_beside_it_everything_is(tmp_path, kind):
    DETECTION[kind](tmp_path)
    write(tmp_path / "boxes.csv", "filename,xmin\n")
    write(tmp_path / "train" / "labels.tfrecord", "")
    write_mask(tmp_path / "masks" / "a.png", mask("a"))
    (note,) = said(list_annotated(tmp_path))
    assert note == NOTE + (
        "they may be annotations: 'boxes.csv', 'masks/', 'train/labels.tfrecord'"
    )


def test_the_pets_of_oxford_have_boxes_and_the_rest_of_their_annotations_is_said(tmp_path):
    for name in "abcd":
        write_picture(tmp_path / "images" / f"{name}.png", value=ord(name))
        write(tmp_path / "annotations" / "xmls" / f"{name}.xml", voc(name))
        write_mask(tmp_path / "annotations" / "trimaps" / f"{name}.png", mask(name))
    for name in ("README", "list.txt", "test.txt"):
        write(tmp_path / "annotations" / name, "a 1 1 1")
    listing = list_annotated(tmp_path)
    assert listing.notes[0] == "read as Pascal VOC XML" and len(listing.train.files) == 4
    assert said(listing) == [
        f"{NOTE}they may be annotations: 'annotations/list.txt', 'annotations/test.txt', "
        "'annotations/trimaps/'"
    ]


def test_names_of_classes_and_masks_are_read(tmp_path):
    write_masks(tmp_path)
    write(tmp_path / "classes.txt", "background\ncat\ndog\n")
    assert said(list_annotated(tmp_path)) == []
    write(tmp_path / "masks" / "train" / "boxes.json", {})
    assert said(list_annotated(tmp_path)) == []  # masks are a folder of pictures, whatever else


def test_class_folders_say_what_is_beside_them(tmp_path):
    for name in ("train/cats/a", "train/dogs/b", "test/cats/c", "test/dogs/d"):
        write_picture(tmp_path / f"{name}.png")
    write(tmp_path / "train" / "boxes.xml", "<annotations></annotations>")
    write(tmp_path / "labels.mat", "")
    write(tmp_path / "README.txt", "cats and dogs")
    assert said(list_folder(tmp_path)) == [
        f"{NOTE}they may be annotations: 'labels.mat', 'train/boxes.xml'"
    ]


def test_pictures_that_are_no_classes_are_refused_with_what_may_be_why(tmp_path):
    write_parts(tmp_path)
    write(tmp_path / "train" / "_annotations.csv", "filename,width,height,class,xmin\n")
    with pytest.raises(UserError, match=r"no class folders: .*; not read, .* 'train/_annotations"):
        list_folder(tmp_path)


def test_images_that_are_not_there_are_said_with_the_file(tmp_path):
    write_parts(tmp_path)
    write(tmp_path / "mine.json", coco("xyz"[:0], images=[{"id": 1, "file_name": "x.png"}]))
    with pytest.raises(UserError, match=r"none of the images is there: .*mine.json: x.png"):
        list_annotated(tmp_path)
