"""COCO JSON: against pycocotools, and files that are broken."""

import json

import pytest

from dada.datasets.annotated.coco import find
from dada.datasets.annotated.find import list_annotated
from dada.errors import UserError
from tests.datasets.annotated.formats import coco, write, write_coco, write_picture

NAMES = ("a", "b", "c")


def make(root, **changes):
    for name in NAMES:
        write_picture(root / f"{name}.png")
    write(root / "_annotations.coco.json", coco(NAMES, **changes))
    return root


def annotation(**changes):
    return {"id": 5, "image_id": 8, "category_id": 18, "bbox": [1, 2, 3, 4]} | changes


def test_boxes_are_those_of_pycocotools(tmp_path):
    tool = pytest.importorskip("pycocotools.coco")
    write_coco(tmp_path)
    path = tmp_path / "annotations" / "instances_train2017.json"
    oracle = tool.COCO(str(path))
    pictures = {picture.file: picture for picture in find(tmp_path).parts["train2017"]}
    for number, image in oracle.imgs.items():
        boxes = pictures[str(tmp_path / "train2017" / image["file_name"])].boxes
        found = oracle.loadAnns(oracle.getAnnIds(imgIds=number))
        assert [box.name for box in boxes] == [oracle.cats[a["category_id"]]["name"] for a in found]
        sizes = [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in (box.corners for box in boxes)]
        assert sizes == [a["bbox"] for a in found]


@pytest.mark.parametrize("folder", ["images/train", "train", "images", "."])
def test_images_are_where_they_usually_are(tmp_path, folder):
    for name in NAMES:
        write_picture(tmp_path / folder / f"{name}.png")
    write(tmp_path / "annotations" / "instances_train.json", coco(NAMES))
    assert len(find(tmp_path).parts["train"]) == 3


def test_crowds_and_missing_images_are_left_out_and_said(tmp_path):
    crowd = annotation(iscrowd=1)
    make(tmp_path, annotations=[annotation(id=6), crowd, crowd | {"id": 7}])
    (tmp_path / "a.png").unlink()
    found = find(tmp_path)
    assert [len(picture.boxes) for picture in found.parts[""]] == [1, 0]
    assert found.notes == (
        "crowd annotations are left out: 2, first in _annotations.coco.json, annotation 5",
        "annotated images that are not there are left out: 1, first in "
        "_annotations.coco.json: a.png",
    )


def test_a_group_listed_as_a_class_is_none(tmp_path):
    pets = [{"id": 0, "name": "pet", "supercategory": "none"}]
    make(tmp_path, categories=pets + coco(NAMES)["categories"])
    assert find(tmp_path).classes == ("cat", "dog")
    person = [{"id": 17, "name": "person", "supercategory": "person"}]
    make(tmp_path, categories=person, annotations=[annotation(category_id=17)])
    assert find(tmp_path).classes == ("person",)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (annotation(category_id=3), "annotation 5: no category has id 3"),
        (annotation(category_id=[3]), r"annotation 5: category_id is \[3\]: must be a whole"),
        (annotation(iscrowd="0"), "annotation 5: iscrowd is '0': must be 0 or 1"),
        (annotation(image_id=99), "annotation 5: no image has id 99"),
        (annotation(bbox=[1, 2, 3]), r"annotation 5: bbox is \[1, 2, 3\]: must be \[x, y, width"),
        (annotation(bbox=[1, 2, 3, 1e300]), "annotation 5: bbox is .*: must be"),
        (annotation(bbox=None), "annotation 5: bbox is missing: must be a list"),
        ({"image_id": 8}, "annotation at index 0: category_id is missing"),
        (7, "annotation 0: image_id is missing"),
        (annotation(image_id=True), "annotation 5: image_id is True: must be a number or text"),
    ],
)
def test_a_broken_annotation_is_named(tmp_path, broken, message):
    make(tmp_path, annotations=[broken])
    with pytest.raises(UserError, match=f"_annotations.coco.json, {message}"):
        find(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"categories": 3}, "categories is 3: must be a list"),
        ({"categories": [{"id": 1, "name": "a"}] * 2}, "category 1: 'a' with id 1 is there twice"),
        ({"categories": [{"id": 1, "name": " "}]}, "category 0: its name is empty"),
        (
            {"images": [{"id": 1, "file_name": "a.png", "width": 10**400, "height": 9}]},
            "image 0: more than 1e9 pixels",
        ),
        ({"images": [{"id": 1, "file_name": "a.png"}] * 2}, "image 1: id 1 is there twice"),
    ],
)
def test_a_broken_file_is_named(tmp_path, changes, message):
    make(tmp_path, annotations=[], **changes)
    with pytest.raises(UserError, match=message):
        find(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"images": [],\n oops', r"coco.json:2: not JSON: Expecting property name"),
        ('{"images": NaN}', "not JSON: NaN is not a number"),
        ("[" * 100_000, "not JSON: "),
        ('{"images": ' + "9" * 5000 + "}", "not JSON: "),
    ],
)
def test_what_is_no_json_is_named_with_its_line(tmp_path, text, message):
    (tmp_path / "_annotations.coco.json").write_text(text)
    with pytest.raises(UserError, match=message):
        find(tmp_path)


@pytest.mark.parametrize("name", ["../a.png", "/etc/passwd", "x/../../a.png", "C:\\a.png"])
def test_no_image_leads_out_of_the_folder(tmp_path, name):
    write_picture(tmp_path / "a.png")
    images = [{"id": 8, "file_name": name}]
    make(tmp_path / "in", images=images, annotations=[])
    with pytest.raises(UserError, match=r"image 0: '.*' leads out of the folder"):
        find(tmp_path / "in")


def test_an_annotation_of_another_size_or_shape_is_scaled_or_taken_in_pixels(tmp_path):
    sizes = ((60, 80), (60, 60), (30, 40))
    images = [
        {"id": i, "file_name": f"{name}.png", "height": height, "width": width}
        for i, (name, (height, width)) in enumerate(zip(NAMES, sizes, strict=True), 7)
    ]
    annotations = [annotation(image_id=i, bbox=[20, 15, 10, 10]) for i in (7, 8, 9)]
    listing = list_annotated(make(tmp_path, images=images, annotations=annotations))
    (scaled,), (in_pixels,), (same,) = listing.train.labels[:, :, :4].tolist()
    assert scaled == pytest.approx([20 / 80, 15 / 60, 30 / 80, 25 / 60])
    assert in_pixels == same == pytest.approx([20 / 40, 15 / 30, 30 / 40, 25 / 30])
    assert [note for note in listing.notes if "than annotated" in note] == [
        "images of another size than annotated: boxes are scaled: 1, first in a.png",
        "images of another shape than annotated: boxes are in pixels: 1, first in b.png",
    ]


def test_a_large_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("dada.datasets.annotated.read_json.available", lambda: 1000)
    make(tmp_path)
    with pytest.raises(UserError, match="of JSON do not fit in memory"):
        find(tmp_path)
    assert json.loads((tmp_path / "_annotations.coco.json").read_text())
