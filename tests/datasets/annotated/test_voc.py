"""Pascal VOC: against torchvision, and files that are broken or hostile."""

import numpy as np
import pytest
import torch
from torchvision.datasets import VOCDetection, VOCSegmentation

from dada.datasets.annotated.find import list_annotated
from dada.datasets.annotated.voc import find
from dada.errors import UserError
from tests.datasets.annotated.formats import (
    SIZE,
    mask,
    voc,
    write,
    write_mask,
    write_picture,
    write_voc,
)


def make(root, text, name="a"):
    write_picture(root / f"{name}.png")
    write(root / f"{name}.xml", text)
    return root


def test_boxes_are_those_of_torchvision(tmp_path):
    root = tmp_path / "VOCdevkit" / "VOC2007"
    write_voc(root)
    for name in "abcd":  # where it looks
        (root / "JPEGImages" / f"{name}.png").rename(root / "JPEGImages" / f"{name}.jpg")
    oracle = VOCDetection(str(tmp_path), year="2007", image_set="train")
    pictures = find(root).parts["train"]
    assert [picture.file for picture in pictures] == oracle.images
    for picture, (_, target) in zip(pictures, oracle, strict=True):
        objects = target["annotation"].get("object", [])
        assert [box.name for box in picture.boxes] == [found["name"] for found in objects]
        assert [box.corners for box in picture.boxes] == [
            tuple(float(found["bndbox"][k]) for k in ("xmin", "ymin", "xmax", "ymax"))
            for found in objects
        ]


def test_masks_are_those_of_torchvision(tmp_path):
    root = tmp_path / "VOCdevkit" / "VOC2012"
    for name, part in (("a", "train"), ("c", "train"), ("d", "val")):
        values = mask(name)
        values[:2] = 255
        write_mask(root / "SegmentationClass" / f"{name}.png", values, "P")
        write_picture(root / "JPEGImages" / f"{name}.jpg")
        lists = root / "ImageSets" / "Segmentation" / f"{part}.txt"
        write(lists, (lists.read_text() if lists.exists() else "") + f"{name}\n")
    listing = list_annotated(root, side=SIZE[0])
    for part, samples in (("train", listing.train), ("val", listing.test)):
        oracle = VOCSegmentation(str(tmp_path), image_set=part)
        assert list(samples.files) == oracle.images
        np.testing.assert_array_equal(samples.labels[:], [np.asarray(m) for _, m in oracle])
    assert listing.classes[:3] == ("background", "aeroplane", "bicycle")
    assert "pixels of value 255 are ignored" in listing.notes


def test_of_boxes_and_masks_either_can_be_read(tmp_path):
    write_voc(tmp_path)
    for name in "abcd":
        write_mask(tmp_path / "SegmentationClass" / f"{name}.png", mask(name), "P")
    boxes, masks = list_annotated(tmp_path), list_annotated(tmp_path / "SegmentationClass")
    assert f"boxes are read; for the masks beside them, give {tmp_path}/SegmentationClass" in (
        boxes.notes
    )
    assert masks.train.labels.dtype == torch.uint8
    assert masks.classes == ("class 0", "class 1", "class 2")


def test_what_is_left_out_or_clipped_is_said(tmp_path):
    boxes = [
        (30, 20, 44, 25, "cat"),
        (5, 5, 5, 9, "cat"),
        (50, 5, 60, 9, "cat"),
        (9, 9, 2, 2, "dog"),
        (1, 1, 9, 9, "dog"),
    ]
    write(tmp_path / "Annotations" / "a.xml", voc("a", boxes=boxes))
    write(tmp_path / "Annotations" / "gone.xml", voc("a"))
    write(tmp_path / "Annotations" / "other.xml", voc("b").replace("b.png", "named.png"))
    for name in ("a", "named", "extra"):
        write_picture(tmp_path / "JPEGImages" / f"{name}.png")
    (tmp_path / "Annotations" / "gone.xml").write_text(voc("a").replace("a.png", "gone.png"))
    listing = list_annotated(tmp_path)
    assert [file.split("/")[-1] for file in listing.train.files] == ["a.png", "named.png"]
    np.testing.assert_allclose(
        listing.train.labels[0],
        [[30 / 40, 20 / 30, 1, 25 / 30, 0], [1 / 40, 1 / 30, 9 / 40, 9 / 30, 1]],
        1e-6,
    )
    notes = "\n".join(listing.notes)
    for said in (
        "annotations whose image is not there are left out: 1, first in Annotations/gone.xml",
        "images without an annotation file are left out: 1, first in JPEGImages/extra.png",
        "boxes that reach beyond their image are clipped: 1, first in JPEGImages/a.png",
        "boxes without area are left out: 2, first in JPEGImages/a.png",
        "boxes outside their image are left out: 1, first in JPEGImages/a.png",
    ):
        assert said in notes


def test_lists_decide_the_parts(tmp_path):
    write_voc(tmp_path)
    lists = tmp_path / "ImageSets" / "Main"
    write(lists / "train.txt", "a  1\nc -1\nmissing\n")
    write(lists / "trainval.txt", "a\nb\nc\n")
    write(lists / "cat_train.txt", "b 1\n")
    found = find(tmp_path)
    assert {part: len(pictures) for part, pictures in found.parts.items()} == {
        "test": 1,
        "train": 2,
    }
    assert found.notes == (
        "listed images without image or annotation are left out: 1, first in "
        "ImageSets/Main/train.txt:3",
        "annotated images in no list of ImageSets/ are left out: 1, first in JPEGImages/b.png",
    )
    (lists / "train.txt").unlink()
    assert {part: len(pictures) for part, pictures in find(tmp_path).parts.items()} == {
        "test": 1,
        "train": 3,
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<ymin>3</ymin>\n", "", r"a.xml:10: <bndbox> has no <ymin>"),
        ("<xmax>20<", "<xmax>x20<", r"a.xml:13: <xmax> is 'x20': must be a number"),
        ("<xmax>20<", "<xmax>inf<", r"a.xml:13: <xmax> is 'inf': must be a number"),
        ("<name>dog</name>\n", "", r"a.xml:8: <object> has no <name>"),
        ("<name>dog</name>", "<name></name>", r"a.xml:9: <name> is empty"),
        ("</object>", "", r"a.xml:2\d: not XML: mismatched tag"),
        (
            "<annotation>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]>\n<annotation>",
            "a.xml:1: a document type",
        ),
        ("<annotation>", "<annotation>" + "<deep>" * 60, "a.xml:1: elements are nested too deeply"),
    ],
)
def test_a_broken_annotation_is_named_with_its_line(tmp_path, old, new, message):
    assert old in voc("a")
    make(tmp_path, voc("a").replace(old, new))
    with pytest.raises(UserError, match=message):
        find(tmp_path)


def test_a_file_of_another_kind_is_named(tmp_path):
    make(tmp_path, "<note></note>")
    make(tmp_path, voc("b"), "b")
    with pytest.raises(UserError, match=r"a.xml:1: <note>, not <annotation> as in other files"):
        find(tmp_path)


def test_entities_do_not_expand(tmp_path):
    laughs = "".join(f"<!ENTITY l{i + 1} '{f'&l{i};' * 10}'>" for i in range(9))
    bomb = f"<!DOCTYPE a [<!ENTITY l0 'ha'>{laughs}]>\n<annotation>&l9;</annotation>"
    make(tmp_path, bomb)
    with pytest.raises(UserError, match=r"a.xml:1: a document type or entity"):
        find(tmp_path)


def test_no_image_leads_out_of_the_folder(tmp_path):
    write_picture(tmp_path / "JPEGImages" / "a.png")
    write(tmp_path / "Annotations" / "b.xml", voc("b").replace("b.png", "../../secret.png"))
    with pytest.raises(UserError, match=r"b.xml:2: '../../secret.png' leads out of the folder"):
        find(tmp_path)


def test_images_annotated_unturned_are_left_out(tmp_path):
    from PIL import Image

    make(tmp_path, voc("a"))
    make(tmp_path, voc("c"), "c")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "c.png", exif=exif)
    listing = list_annotated(tmp_path)
    assert [file.split("/")[-1] for file in listing.train.files] == ["a.png"]
    assert (
        "images that metadata turn, but annotated unturned, are left out: 1, first in c.png"
        in listing.notes
    )
