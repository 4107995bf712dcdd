"""Data of which only the test images count."""

import numpy as np
import pytest
import torch
from PIL import Image

import dada
from dada.datasets import open_images
from dada.datasets.annotated import find
from dada.errors import UserError
from tests.datasets.annotated import formats
from tests.datasets.annotated.formats import DETECTION, coco, write, write_picture

MADE = {**DETECTION, "images and masks": formats.write_masks}


@pytest.fixture(params=MADE)
def make(request, monkeypatch):
    monkeypatch.setattr(formats, "PARTS", {"train": ("a", "b", "c"), "test": ("d", "e")})
    monkeypatch.setitem(formats.SCENES, "e", [(3, 4, 30, 20, "cat")])
    return MADE[request.param]


def keep_test(root):
    """Remove the pictures for training."""
    for path in sorted(root.rglob("*.png")):
        if path.stem in "abc" and "mask" not in str(path):
            path.unlink()


def test_without_training_images_all_test_images_are_those_of_the_whole(make, tmp_path):
    make(tmp_path)
    whole = open_images(tmp_path)
    keep_test(tmp_path)
    alone = open_images(tmp_path, tested=True)
    assert torch.equal(alone.test.images, whole.test.images) and alone.train is alone.test
    assert alone.classes == whole.classes
    rows = alone.test.labels.shape[1]  # as many as the most boxes in an image
    assert torch.equal(alone.test.labels, whole.test.labels[:, :rows])


def test_training_images_without_objects_do_not_matter(tmp_path):
    formats.write_coco(tmp_path)
    write(tmp_path / "annotations" / "instances_train2017.json", coco("abc", annotations=[]))
    with pytest.raises(UserError, match="the training images have no objects"):
        open_images(tmp_path)
    found = open_images(tmp_path, tested=True)
    assert (len(found.train), len(found.test)) == (3, 1)
    assert "test2017 is the test set" in found.notes


def test_a_folder_of_one_part_too_small_for_two_is_tested_whole(tmp_path):
    for number in range(3):
        write_picture(tmp_path / f"{number}.png", value=number)
    images = [{"id": n, "file_name": f"{n}.png"} for n in range(3)]
    box = {"id": 1, "image_id": 1, "category_id": 17, "bbox": [1, 2, 9, 9]}
    write(tmp_path / "_annotations.coco.json", coco("", images=images, annotations=[box]))
    found = open_images(tmp_path, tested=True)
    assert len(found.test) == 3
    assert (
        "no test images found, and too few to hold out some: all 3 images are tested" in found.notes
    )


def test_a_folder_of_one_part_is_tested_whole_if_nothing_is_in_what_is_held_out(tmp_path):
    for number in range(20):
        write_picture(tmp_path / f"{number}.png", value=number)
    images = [{"id": n, "file_name": f"{n}.png"} for n in range(20)]
    sizes = []
    for number in range(20):
        box = {"id": 1, "image_id": number, "category_id": 17, "bbox": [1, 2, 9, 9]}
        write(tmp_path / "_annotations.coco.json", coco("", images=images, annotations=[box]))
        test = open_images(tmp_path, tested=True).test
        assert int((test.labels[..., 4] >= 0).sum()) == 1
        sizes.append(len(test))
    assert sorted(sizes) == [4] * 4 + [20] * 16  # four are held out, whatever is in them


def classes(root, **parts):
    """Pictures of ``train="abcc"``: one for each letter, of the class of that name."""
    for part, names in parts.items():
        for number, name in enumerate(names):
            write_picture(root / part / name / f"{number}.png", value=number)


@pytest.mark.parametrize("part", ["test", "val", "holdout"])
def test_class_folders_of_a_test_part_alone(tmp_path, part):
    classes(tmp_path, **{part: "aabbb"})
    with pytest.raises(UserError, match="one class only"):
        open_images(tmp_path)
    found = open_images(tmp_path, tested=True)
    assert found.classes == ("a", "b") and found.test.labels.tolist() == [0, 0, 1, 1, 1]
    assert f"{part}/ is the test set" in found.notes


def test_classes_of_the_test_part_need_not_be_those_of_the_training_part(tmp_path):
    classes(tmp_path, train="aabb", test="bcc", val="zz")
    with pytest.raises(UserError, match="test classes 'c' are missing from the training"):
        open_images(tmp_path)
    found = open_images(tmp_path, tested=True)
    assert found.classes == ("a", "b", "c") and found.test.labels.tolist() == [1, 2, 2]


def test_class_folders_too_small_to_hold_any_out(tmp_path):
    classes(tmp_path, **{".": "aabbb"})
    found = open_images(tmp_path, tested=True)
    assert found.test.labels.tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("name", ["test.csv", "all.csv"])
def test_a_table_of_test_images_alone(tmp_path, name):
    classes(tmp_path, pictures="aabbb")
    rows = ["path,label,part"] if name == "all.csv" else ["path,label"]
    for number, label in enumerate("aabbb"):
        part = ",test" if name == "all.csv" else ""
        rows.append(f"pictures/{label}/{number}.png,{label}{part}")
    write(tmp_path / name, "\n".join(rows))
    found = open_images(tmp_path / name, tested=True)
    assert found.test.labels.tolist() == [0, 0, 1, 1, 1] and found.classes == ("a", "b")


def test_enough_images_are_held_out_as_ever(tmp_path):
    classes(tmp_path, **{".": "a" * 10 + "b" * 10})
    whole, tested = open_images(tmp_path), open_images(tmp_path, tested=True)
    assert len(whole.test) == len(tested.test) == 4
    assert torch.equal(whole.test.images, tested.test.images)
    assert whole.notes == tested.notes


@pytest.mark.parametrize("kind", ["detection", "instances", "segmentation"])
def test_a_run_is_tested_on_a_folder_of_test_images(kind, tmp_path, monkeypatch):
    """As on the whole folder."""
    monkeypatch.setattr(formats, "PARTS", {"train": tuple("abcfgh"), "test": ("d", "e")})
    for name in "efgh":
        monkeypatch.setitem(formats.SCENES, name, [(3, 4, 30, 20, "cat"), (1, 2, 12, 14, "dog")])
    make = {
        "detection": formats.write_coco,
        "instances": formats.write_outlines,
        "segmentation": formats.write_masks,
    }[kind]
    make(tmp_path / "data")
    prefix = "instances:" if kind == "instances" else ""
    source, small = f"{prefix}{tmp_path / 'data'}", {"epochs": 1, "batch": 4, "device": "cpu"}
    dada.train(source, out=tmp_path / "run", **small)
    read = []
    found = find.find_annotated
    monkeypatch.setattr(find, "find_annotated", lambda path: read.append(path) or found(path))
    whole = dada.evaluate(tmp_path / "run", source)
    assert len(read) == 1  # as masks take a while
    keep_test(tmp_path / "data")
    alone = dada.evaluate(tmp_path / "run", source)
    differing = {key for key in whole if whole[key] != alone[key]}
    assert differing <= {"notes", "per_class"} and alone["test_images"] == 2
    assert {about["file"][-5:] for about in alone["worst"]} == {"d.png", "e.png"}


@pytest.mark.parametrize("alone", [False, True])
def test_the_file_of_each_test_image_is_known_if_others_cannot_be_read(tmp_path, alone):
    classes(tmp_path, train="" if alone else "aabb", test="aabb")
    (tmp_path / "test" / "a" / "00.png").write_bytes(b"no picture")
    data = open_images(tmp_path, tested=True)
    assert data.skipped == ("test/a/00.png",) and len(data.test_files) == len(data.test) == 4
    for file, image in zip(data.test_files, data.test.images, strict=True):
        with Image.open(file) as original:
            assert np.ravel(original)[0] == int(image[0, 0, 0])
