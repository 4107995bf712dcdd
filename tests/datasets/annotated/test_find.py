"""Every format of the same pictures is recognised, said, and gives the same labels."""

import numpy as np
import pytest
import torch

from dada.datasets.annotated.find import list_annotated
from dada.errors import UserError
from tests.datasets.annotated.formats import (
    CLASSES,
    DETECTION,
    PARTS,
    coco,
    labels,
    mask,
    write,
    write_masks,
    write_picture,
    write_voc,
)


@pytest.mark.parametrize("kind", DETECTION)
def test_boxes_are_the_same_in_every_format(tmp_path, kind):
    DETECTION[kind](tmp_path)
    listing = list_annotated(tmp_path)
    assert listing.classes == CLASSES
    assert listing.size == (32, 40)
    assert listing.notes[0] == f"read as {kind.split(',')[0]}"
    for part, samples in (("train", listing.train), ("test", listing.test)):
        stems = tuple(file.split("/")[-1][0] for file in samples.files)
        assert stems == PARTS[part]
        assert samples.labels.shape == (len(stems), 2, 5)
        assert samples.labels.dtype == torch.float32
        for name, rows in zip(stems, samples.labels, strict=True):
            expected = labels(name)
            np.testing.assert_allclose(rows[: len(expected)], np.reshape(expected, (-1, 5)), 1e-6)
            assert rows[len(expected) :].tolist() == [[0, 0, 0, 0, -1]] * (2 - len(expected))
    assert "1 of 3 training images are without objects, and stay" in listing.notes


@pytest.mark.parametrize(
    ("images", "masks", "mode", "ending"),
    [
        ("images/{}", "masks/{}", "L", ""),
        ("{}/images", "{}/labels", "P", ""),
        ("{}_images", "{}_masks", "L", "_mask"),
        ("JPEGImages/{}", "SegmentationClass/{}", "P", ""),
    ],
)
def test_masks_are_the_same_in_every_layout(tmp_path, images, masks, mode, ending):
    write_masks(tmp_path, images, masks, mode, ending)
    write(tmp_path / "classes.txt", "background\ncat\ndog\n")
    listing = list_annotated(tmp_path, side=30)
    assert listing.classes == ("background", *CLASSES)
    assert listing.notes[0] == "read as images and masks"
    assert listing.size == (30, 40)
    for part, samples in (("train", listing.train), ("test", listing.test)):
        np.testing.assert_array_equal(samples.labels[:], [mask(name) for name in PARTS[part]])
        assert samples.labels.dtype == torch.uint8


def test_the_only_folder_in_a_folder_may_be_it(tmp_path):
    write_voc(tmp_path / "VOCdevkit" / "VOC2012")
    write(tmp_path / "VOCdevkit" / "LICENSE", "free")
    assert len(list_annotated(tmp_path).train.files) == 3


def test_without_annotations_it_is_another_kind_of_folder(tmp_path):
    for name in ("cats/1.png", "dogs/2.png"):
        write_picture(tmp_path / name)
    write(tmp_path / "annotations.json", {"labels": [1, 2]})
    write(tmp_path / "data.yaml", "names: {strange\n")
    write(tmp_path / "build.xml", "<broken")
    assert list_annotated(tmp_path) is None


def test_of_parts_one_has_to_be_for_training(tmp_path):
    DETECTION["COCO JSON"](tmp_path)
    annotations = tmp_path / "annotations"
    (annotations / "instances_train2017.json").rename(annotations / "instances_val2017.json")
    (tmp_path / "train2017").rename(tmp_path / "val2017")
    with pytest.raises(UserError, match="'test2017', 'val2017', none of which is called train"):
        list_annotated(tmp_path)


def test_a_single_part_is_everything(tmp_path):
    DETECTION["COCO JSON"](tmp_path)
    (tmp_path / "annotations" / "instances_train2017.json").unlink()
    listing = list_annotated(tmp_path)
    assert (len(listing.train.files), listing.test) == (1, None)


def test_objects_there_must_be(tmp_path):
    write_picture(tmp_path / "images" / "a.png")
    write(tmp_path / "labels" / "a.txt", "")
    with pytest.raises(UserError, match="the training images have no objects"):
        list_annotated(tmp_path)


def test_why_there_are_no_objects_or_images_is_said(tmp_path):
    crowds = [one | {"iscrowd": 1} for one in coco("a")["annotations"]]
    write(tmp_path / "_annotations.coco.json", coco("a", annotations=crowds))
    with pytest.raises(UserError, match=r"none of the images .*first in .*coco.json: a.png\)"):
        list_annotated(tmp_path)
    write_picture(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"no objects.* \(crowd annotations are left out: 2,"):
        list_annotated(tmp_path)


def test_names_of_classes_are_printable(tmp_path):
    write_picture(tmp_path / "a.png")
    categories = [{"id": 17, "name": "c\nat"}, {"id": 18, "name": "dog"}]
    write(tmp_path / "_annotations.coco.json", coco("a", categories=categories))
    assert list_annotated(tmp_path).classes == ("c\\nat", "dog")
