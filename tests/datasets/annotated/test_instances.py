"""Masks of objects from COCO JSON."""

import json

import numpy as np
import pytest
import torch

from dada.datasets import load, name_of, open_files, open_images
from dada.errors import UserError
from dada.models.instance_maps import rows_of, value_of
from tests.datasets.annotated.formats import (
    CLASSES,
    PARTS,
    SCENES,
    SIZE,
    labels,
    write_coco,
    write_outlines,
    write_picture,
    write_yolo,
)


def painted(name):
    """The map of a scene, the smaller in front."""
    canvas = np.zeros(SIZE, np.int32)
    rows = sorted(SCENES[name], key=lambda row: -(row[2] - row[0]) * (row[3] - row[1]))
    for number, (x0, y0, x1, y1, kind) in enumerate(rows):
        canvas[y0:y1, x0:x1] = value_of(CLASSES.index(kind), number)
    return canvas


@pytest.mark.parametrize("opened", [load, open_images])
def test_a_map_has_the_object_of_each_pixel_the_smaller_in_front(tmp_path, opened):
    write_outlines(tmp_path)
    dataset = opened(f"instances:{tmp_path}", side=30)
    assert dataset.task.name == "instances" and dataset.classes == CLASSES
    assert name_of(f"instances:{tmp_path}") == dataset.name == tmp_path.name
    for part, images in (("train", dataset.train), ("test", dataset.test)):
        np.testing.assert_array_equal(images.labels, [painted(name) for name in PARTS[part]])
    assert "1 of 3 training images are without objects, and stay" in dataset.notes
    boxes = rows_of(dataset.train.labels)[0]
    assert sorted(boxes.tolist()) == pytest.approx(np.array(sorted(labels("a"))))


def test_files_have_the_same_maps(tmp_path):
    write_outlines(tmp_path)
    found = open_files(f"instances:{tmp_path}", side=30)
    np.testing.assert_array_equal(found.train.labels[:], [painted(n) for n in PARTS["train"]])
    assert found.task.name == "instances"


def test_without_the_prefix_boxes_are_read_and_the_masks_are_said(tmp_path):
    write_outlines(tmp_path)
    dataset = load(tmp_path)
    assert dataset.task.name == "detection"
    assert f"objects have masks, too: to use them, write instances:{tmp_path}" in dataset.notes
    bare = tmp_path / "bare"
    write_coco(bare)
    assert not any("masks" in note for note in load(bare).notes)


def test_maps_are_at_the_size_of_the_images(tmp_path):
    write_outlines(tmp_path)
    dataset = load(f"instances:{tmp_path}", side=60)
    assert dataset.train.labels.shape == (3, 60, 80)
    (row,) = rows_of(dataset.train.labels)[2, :1]
    assert (row[:4] * torch.tensor([80, 60, 80, 60])).tolist() == [20, 12, 60, 48]


def changed(kind):
    def change(content):
        for annotation in content["annotations"]:
            if kind == "crowd":
                annotation["iscrowd"] = int(annotation["category_id"] == 17)
            elif kind == "boxes" and annotation["category_id"] == 17:
                annotation["segmentation"] = [[]]
            elif kind == "hidden":
                annotation["segmentation"] = [[4, 3, 20, 3, 20, 15, 4, 15]]
            elif kind == "tiny" and annotation["category_id"] == 18:
                annotation["segmentation"] = [[4, 3, 4.01, 3, 4.01, 3.01]]

    return change


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("crowd", "crowd annotations are left out: 2, first in"),
        ("boxes", "objects without a mask are their boxes: 2, first in"),
        ("hidden", "objects too small to be seen, or hidden, are left out: 1, first in"),
        ("tiny", "objects too small to be seen, or hidden, are left out: 2, first in"),
    ],
)
def test_what_is_left_out_or_changed_is_said(tmp_path, kind, note):
    write_outlines(tmp_path, changed(kind))
    dataset = load(f"instances:{tmp_path}", side=30)
    assert any(said.startswith(note) for said in dataset.notes)
    if kind == "boxes":
        np.testing.assert_array_equal(dataset.train.labels[0], painted("a"))
    if kind == "hidden":
        assert len(dataset.train.labels[0].unique()) == 2


def test_a_broken_outline_is_named_with_its_file_and_annotation(tmp_path):
    def change(content):
        content["annotations"][0]["segmentation"] = [[1, 2, 3]]

    write_outlines(tmp_path, change)
    assert load(tmp_path).task.name == "detection"
    with pytest.raises(UserError, match=r"instances_train2017.json, annotation 700: segmentation"):
        load(f"instances:{tmp_path}")


def test_other_folders_have_no_masks_of_objects(tmp_path):
    write_yolo(tmp_path / "yolo")
    with pytest.raises(UserError, match="yolo: read as YOLO text, and no object has a mask: COCO"):
        load(f"instances:{tmp_path / 'yolo'}")
    write_picture(tmp_path / "photos" / "cat" / "a.png")
    for place in (tmp_path / "photos", tmp_path / "nowhere", "digits"):
        with pytest.raises(UserError, match=f"instances:{place}: no folder of COCO JSON"):
            load(f"instances:{place}")


def test_more_classes_than_maps_have_room_for_are_refused(tmp_path):
    def change(content):
        content["categories"] += [{"id": 100 + i, "name": str(i)} for i in range(254)]
        first = content["annotations"][0]
        content["annotations"] += [
            first | {"id": 10_000 + i, "category_id": 100 + i} for i in range(254)
        ]

    write_outlines(tmp_path, change)
    with pytest.raises(UserError, match="256 classes: at most 255 with masks"):
        load(f"instances:{tmp_path}")


def test_a_run_of_masks_is_resumed_from_its_folder(tmp_path):
    """Its config has the data as they were asked for."""
    import dada
    from dada.runs import recall

    write_outlines(tmp_path / "coco", parts={"train": "abcd", "test": "d"})
    source, run = f"instances:{tmp_path / 'coco'}", tmp_path / "run"
    given = {"model": "detector-4", "epochs": 1, "batch": 2, "device": "cpu", "side": 16}
    dada.train(source, out=run, **given)
    assert json.loads((run / "config.json").read_text())["data"]["task"] == "instances"
    assert recall(run).arguments["data"] == source
    assert torch.load(run / "last.pt", weights_only=True)
    assert dada.evaluate(run, device="cpu")["test_images"] == 1
    with pytest.raises(UserError, match=r"has boxes in an image, but the network .* is for masks"):
        dada.evaluate(run, tmp_path / "coco", device="cpu")


def test_no_folder_is_not_the_working_folder():
    with pytest.raises(UserError, match="no data: the name is empty"):
        load("instances:")
