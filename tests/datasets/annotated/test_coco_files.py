"""Which JSON files are COCO's: by their names, else by what is in them."""

import json

import pytest

from dada.datasets import load
from dada.datasets.annotated import coco_files
from dada.datasets.annotated.coco import find
from dada.datasets.annotated.find import list_annotated
from dada.datasets.folder import list_folder
from dada.errors import UserError
from tests.datasets.annotated.formats import PARTS, coco, write, write_parts, write_picture

EVERY = "abcd"


@pytest.mark.parametrize(
    "place", ["my.json", "annotations/my.json", "labels/my.json", "Annotations_v2/coco/my.json"]
)
def test_a_file_of_any_name_is_taken_and_its_images_tell_the_parts(tmp_path, place):
    write_parts(tmp_path)
    write(tmp_path / place, coco(EVERY))
    found = find(tmp_path)
    parts = {name: tuple(p.file[-5] for p in part) for name, part in found.parts.items()}
    assert parts == PARTS and found.sources == (tmp_path / place,)


def test_names_may_say_which_folder(tmp_path):
    write_parts(tmp_path)
    content = coco(EVERY)
    for image in content["images"]:
        part = next(part for part, names in PARTS.items() if image["file_name"][0] in names)
        image["file_name"] = f"{part}/{image['file_name']}"
    write(tmp_path / "my.json", content)
    assert {name: len(part) for name, part in find(tmp_path).parts.items()} == {
        "train": 3,
        "test": 1,
    }


def test_an_image_in_two_folders_needs_its_folder(tmp_path):
    write_parts(tmp_path)
    write_picture(tmp_path / "test" / "a.png")
    write(tmp_path / "my.json", coco(EVERY))
    with pytest.raises(UserError, match=r"my.json, image 0: 'a.png' is in 'test', 'train': .* as"):
        find(tmp_path)


def test_images_elsewhere_too_are_one_part(tmp_path):
    write_parts(tmp_path)
    write_picture(tmp_path / "e.png")
    content = coco(EVERY)
    content["images"].append({"id": 99, "file_name": "e.png"})
    write(tmp_path / "my.json", content)
    assert [len(part) for part in find(tmp_path).parts.values()] == [5]


def test_a_usual_name_comes_first_and_the_rest_is_said(tmp_path):
    write_parts(tmp_path)
    write(tmp_path / "annotations" / "instances_train.json", coco(PARTS["train"]))
    write(tmp_path / "annotations" / "captions_train.json", {"images": [], "annotations": []})
    write(tmp_path / "old.json", coco("d"))
    listing = list_annotated(tmp_path)
    assert len(listing.train.files) == 3
    note = "not read, though they may be annotations: 'old.json', 'annotations/captions_train.json'"
    assert note in listing.notes


@pytest.mark.parametrize(
    "content",
    [
        {"images": [], "annotations": []},  # captions have no categories
        coco("ab", annotations=[{"id": 1, "image_id": 7, "category_id": 17}]),  # of whole images
        [coco("ab")],
        {"labels": coco("ab")},
        "no JSON",
    ],
)
def test_what_has_no_objects_leaves_classes_and_is_said(tmp_path, content):
    for name in ("cats/a.png", "dogs/b.png"):
        write_picture(tmp_path / name)
    write(tmp_path / "meta.json", content)
    assert find(tmp_path) is None
    listing = list_folder(tmp_path)
    assert listing.classes == ("cats", "dogs")
    assert listing.notes == ("not read, though it may be annotations: 'meta.json'",)


@pytest.mark.parametrize("name", ["person_keypoints_train.json", "panoptic_val.json"])
def test_files_of_other_tasks_are_left_alone(tmp_path, name):
    write_parts(tmp_path)
    write(tmp_path / "annotations" / name, coco(EVERY))
    assert find(tmp_path) is None


@pytest.mark.parametrize("order", [("images", "annotations", "categories"), ("categories", "info")])
def test_of_a_large_file_only_the_ends_are_looked_at(tmp_path, monkeypatch, order):
    content = coco(EVERY) | {"info": {"about": "x" * 5000}}
    path = tmp_path / "my.json"
    keys = [*order, *(key for key in content if key not in order)]
    path.write_text(json.dumps({key: content[key] for key in keys}))
    monkeypatch.setattr(coco_files, "_ENDS", 300)
    write_parts(tmp_path)
    assert len(find(tmp_path).parts) == 2
    path.write_text(json.dumps({"x": "y" * 400, **content, "z": "y" * 400}))
    assert find(tmp_path) is None


def test_a_broken_file_is_named(tmp_path):
    write_parts(tmp_path)
    write(tmp_path / "my.json", '{"images": [\n{"id":')
    with pytest.raises(UserError, match=r"my.json:2: not JSON"):
        find(tmp_path)


def test_a_set_is_loaded_and_says_what_is_read(tmp_path):
    for part, count in (("train", 6), ("val", 2)):
        for number in range(count):
            write_picture(tmp_path / part / f"{part}{number}.png", value=9 * number + count)
    images = [
        {"id": n, "file_name": f"{part}{n % 10}.png"}
        for n, part in [*((n, "train") for n in range(6)), (10, "val"), (11, "val")]
    ]
    annotations = [
        {"id": image["id"], "image_id": image["id"], "category_id": 17, "bbox": [1, 2, 9, 8]}
        for image in images
    ]
    write(tmp_path / "mylabels.json", coco("", images=images, annotations=annotations))
    data = load(tmp_path)
    assert (len(data.train), len(data.test)) == (6, 2) and data.task.name == "detection"
    assert data.notes[:2] == ("read as COCO JSON", "val is the test set: there is no other")
