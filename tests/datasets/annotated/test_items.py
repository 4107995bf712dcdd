"""PyTorch datasets of pictures with boxes or masks: torchvision's own, and any other."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.datasets import (
    CocoDetection,
    VOCDetection,
    VOCSegmentation,
    wrap_dataset_for_transforms_v2,
)

from dada.datasets import as_dataset, load
from dada.errors import UserError
from dada.models.instance_maps import value_of
from tests.datasets.annotated.formats import (
    CLASSES,
    PARTS,
    SIZE,
    coco,
    labels,
    mask,
    write,
    write_coco,
    write_mask,
    write_outlines,
    write_picture,
    write_voc,
)

CORNERS = {"xmin": "8", "ymin": "6", "xmax": "40", "ymax": "30"}


def picture(size=SIZE):
    return Image.new("RGB", size[::-1], (1, 2, 3))


def boxes(*rows, size=SIZE, form="XYXY"):
    return tv_tensors.BoundingBoxes(
        torch.tensor(rows, dtype=torch.float32).reshape(-1, 4), format=form, canvas_size=size
    )


def detected(*rows, kinds, **more):
    return picture(), {"boxes": boxes(*rows, **more), "labels": torch.tensor(kinds)}


def check(dataset):
    """The scenes of `formats`, with the classes in order."""
    assert dataset.classes == CLASSES
    for part, images in (("train", dataset.train), ("test", dataset.test)):
        assert len(images) == len(PARTS[part])
        for name, rows in zip(PARTS[part], images.labels, strict=True):
            expected = torch.tensor(labels(name)).reshape(-1, 5)
            torch.testing.assert_close(rows[: len(expected)], expected)
            assert bool((rows[len(expected) :, 4] == -1).all())


@pytest.mark.parametrize("wrapped", [False, True])
def test_coco_detection(tmp_path, wrapped):
    pytest.importorskip("pycocotools")
    write_coco(tmp_path)
    sets = [
        CocoDetection(
            str(tmp_path / f"{part}2017"), str(tmp_path / f"annotations/instances_{part}2017.json")
        )
        for part in PARTS
    ]
    check(as_dataset(tuple(map(wrap_dataset_for_transforms_v2, sets) if wrapped else sets)))


def test_the_parts_have_the_same_categories(tmp_path):
    pytest.importorskip("pycocotools")
    write_picture(tmp_path / "a.png")
    swapped = [{"id": 17, "name": "dog"}, {"id": 18, "name": "cat"}]
    write(tmp_path / "1.json", coco("a"))
    write(tmp_path / "2.json", coco("a", categories=swapped))
    sets = [CocoDetection(str(tmp_path), str(tmp_path / file)) for file in ("1.json", "2.json")]
    with pytest.raises(UserError, match="test has other classes than train"):
        as_dataset(tuple(sets))


def test_voc_detection_and_segmentation(tmp_path):
    root = tmp_path / "VOCdevkit" / "VOC2012"
    write_voc(root)
    for name in "abcd":
        (root / "JPEGImages" / f"{name}.png").rename(root / "JPEGImages" / f"{name}.jpg")
        write_mask(root / "SegmentationClass" / f"{name}.png", mask(name), "P")
    for part, names in PARTS.items():
        voc_part = "val" if part == "test" else part
        for kind in ("Main", "Segmentation"):
            write(root / "ImageSets" / kind / f"{voc_part}.txt", "\n".join(names))
    parts = ("train", "val")
    check(as_dataset(tuple(VOCDetection(str(tmp_path), image_set=part) for part in parts)))
    found = as_dataset(tuple(VOCSegmentation(str(tmp_path), image_set=part) for part in parts))
    assert found.classes[:2] == ("background", "aeroplane")
    assert found.task.name == "segmentation"
    np.testing.assert_array_equal(found.train.labels, [mask(name) for name in PARTS["train"]])


def test_boxes_of_a_picture_that_was_resized_without_them_are_scaled():
    twice = boxes((8, 6, 40, 30), size=(60, 80))
    voc = {"size": {"height": "60", "width": "80"}, "object": {"name": "cell", "bndbox": CORNERS}}
    for target in ({"boxes": twice, "labels": [0]}, {"annotation": voc}):
        items = [(picture(), target)] * 2
        dataset = as_dataset({"train": items, "test": items})
        assert dataset.side == SIZE
        expected = torch.tensor([8 / 80, 6 / 60, 40 / 80, 30 / 60, 0])
        torch.testing.assert_close(dataset.train.labels[0, 0], expected)
        assert any("another size than annotated: boxes are scaled: 4" in n for n in dataset.notes)


def test_boxes_on_a_canvas_of_another_shape_are_in_pixels():
    items = [(picture(), {"boxes": boxes((4, 3, 20, 15), size=(100, 30)), "labels": [0]})] * 2
    dataset = as_dataset({"train": items, "test": items})
    expected = torch.tensor([4 / 40, 3 / 30, 20 / 40, 15 / 30])
    torch.testing.assert_close(dataset.train.labels[0, 0, :4], expected)
    assert any("another shape than annotated: boxes are in pixels: 4" in n for n in dataset.notes)


def test_boxes_of_every_format():
    rows = {"XYXY": (4, 3, 20, 15), "XYWH": (4, 3, 16, 12), "CXCYWH": (12, 9, 16, 12)}
    items = [detected(row, kinds=[1], form=form) for form, row in rows.items()]
    items += [(picture(), {"boxes": torch.tensor([[4, 3, 20, 15]]), "labels": [0]})]
    items += [detected(kinds=[])]
    dataset = as_dataset({"train": items, "test": items})
    expected = torch.tensor([4 / 40, 3 / 30, 20 / 40, 15 / 30])
    for rows in dataset.train.labels[:4]:
        torch.testing.assert_close(rows[0, :4], expected)
    assert dataset.train.labels[:, 0, 4].tolist() == [1, 1, 1, 0, -1]
    assert (dataset.classes, dataset.side) == (("0", "1"), SIZE)


def test_pictures_of_several_sizes_are_stretched_with_their_boxes():
    items = [
        (picture(size), {"boxes": boxes((0, 0, size[1] / 2, size[0]), size=size), "labels": [0]})
        for size in ((60, 80), (120, 160), (90, 60))
    ]
    dataset = as_dataset({"train": items, "test": items})
    assert dataset.side == (64, 88)
    assert dataset.train.labels[:, 0].tolist() == [[0, 0, 0.5, 1, 0]] * 3
    assert (
        "images resized to 64 pixels of height and 88 of width: 3 of another shape are stretched; "
        "side= changes it" in dataset.notes
    )


def test_names_are_by_label_and_a_background_is_none():
    class Named(list):
        classes = ("__background__", "cat", "dog")

    items = Named([detected((1, 1, 9, 9), kinds=[2])] * 6)
    dataset = as_dataset({"train": items, "test": items})
    assert dataset.classes == ("cat", "dog")
    assert set(dataset.train.labels[:, 0, 4].tolist()) == {1}
    items = Named([detected((1, 1, 9, 9), kinds=[0])])
    with pytest.raises(UserError, match="item 0: label 0: there is no class of this number"):
        as_dataset({"train": items, "test": items})


@pytest.mark.parametrize("kind", ["tv_tensor", "stacked", "tensor", "array", "picture"])
def test_masks_of_every_kind(kind):
    values = mask("c")
    target = {
        "tv_tensor": lambda: tv_tensors.Mask(values),
        "stacked": lambda: tv_tensors.Mask(values[None]),
        "tensor": lambda: torch.from_numpy(values).long(),
        "array": lambda: values,
        "picture": lambda: Image.fromarray(values),
    }[kind]()
    items = [(picture(), target)]
    dataset = as_dataset({"train": items, "test": items})
    assert dataset.classes == ("class 0", "class 1")
    np.testing.assert_array_equal(dataset.train.labels, [values])


def of_objects(*rows, kinds, size=SIZE):
    """Masks of rectangles, without boxes."""
    masks = torch.zeros(len(rows), *size, dtype=torch.bool)
    for number, (x0, y0, x1, y1) in enumerate(rows):
        masks[number, y0:y1, x0:x1] = True
    return picture(size), {"masks": tv_tensors.Mask(masks), "labels": torch.tensor(kinds)}


def test_masks_of_objects_without_boxes_are_instances():
    items = [
        of_objects((10, 5, 20, 15), (0, 0, 40, 30), (30, 20, 35, 25), kinds=[9, 2, 9]),
        of_objects(kinds=[]),
        of_objects((20, 10, 40, 30), kinds=[5], size=(60, 80)),
    ]
    dataset = as_dataset({"train": items, "test": items}, side=30)
    assert dataset.task.name == "instances" and dataset.classes == ("2", "5", "9")
    expected = torch.zeros(3, *SIZE, dtype=torch.int32)
    expected[0] = value_of(0, 0)
    expected[0, 5:15, 10:20], expected[0, 20:25, 30:35] = value_of(2, 1), value_of(2, 2)
    expected[2, 5:15, 10:20] = value_of(1, 0)
    assert torch.equal(dataset.train.labels, expected)


def test_coco_detection_with_masks_alone(tmp_path):
    pytest.importorskip("pycocotools")
    write_outlines(tmp_path)
    sets = [
        wrap_dataset_for_transforms_v2(
            CocoDetection(
                str(tmp_path / f"{part}2017"),
                str(tmp_path / f"annotations/instances_{part}2017.json"),
            ),
            target_keys=("masks", "labels", "image_id"),
        )
        for part in PARTS
    ]
    found, read = as_dataset(tuple(sets)), load(f"instances:{tmp_path}", side=30)
    assert found.classes == read.classes and found.side == read.side
    assert torch.equal(found.train.labels, read.train.labels)
    assert torch.equal(found.test.labels, read.test.labels)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"masks": torch.zeros(2, *SIZE), "labels": [0]}, r"masks \(2, 30, 40\) and 1 labels"),
        ({"masks": torch.zeros(*SIZE), "labels": [0] * 30}, r"masks \(30, 40\) and 30 labels"),
        ({"masks": torch.ones(1, 9, 9), "labels": [0]}, "mask is 9x9 pixels, but the picture"),
        ({"masks": "all", "labels": [1]}, "masks are not numbers"),
        ({"masks": torch.ones(1, *SIZE).cfloat(), "labels": [1]}, "masks are complex"),
        ({"masks": torch.ones(1, *SIZE), "labels": [-1]}, "label -1: must be a whole number"),
        ({"boxes": boxes((1, 1, 9, 9)), "labels": [0]}, "has no masks of objects, or boxes too"),
        (3, "has no masks of objects"),
    ],
)
def test_a_broken_item_among_masks_of_objects_is_named(target, message):
    good = of_objects((1, 1, 9, 9), kinds=[0])
    with pytest.raises(UserError, match=f"list, item 1: .*{message}"):
        as_dataset([good, (picture(), target), *[good] * 4])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"boxes": boxes((1, 1, 9, 9)), "labels": [0, 1]}, "1 boxes and 2 labels"),
        ({"boxes": boxes((1, 1, 9, 9)), "labels": [0.5]}, "label 0.5: must be a whole number"),
        ({"boxes": torch.tensor([[1, 1, float("nan"), 9]]), "labels": [0]}, "must be finite"),
        ([{"bbox": [1, 2, 3]}], "an object without bbox or category_id"),
        ({"annotation": {"object": [{"name": "cat"}]}}, "an object without name or bndbox"),
        ({"boxes": torch.ones(1, 5), "labels": [0]}, r"boxes \(1, 5\): must be \(D, 4\)"),
        ({"boxes": None, "labels": [0]}, "boxes are not numbers"),
        ({"boxes": torch.ones(1, 4), "labels": ["cat"]}, "labels are not numbers"),
        ({"boxes": torch.ones(1, 4), "labels": [float("nan")]}, "label nan: must be a whole"),
        ([{"bbox": [1, 1, float("inf"), 9], "category_id": 1}], "inf is not finite"),
        ([{"bbox": [1, 1, 5, 9], "category_id": None}], "label None: must be a whole number"),
        ({"annotation": 3}, "its annotation is a int: must be a dict"),
        (tv_tensors.Mask(torch.zeros(30, 40)), "mask is float32 .*: must be whole numbers"),
        (tv_tensors.Mask(torch.zeros(9, 9).byte()), "mask is 9x9 pixels, but the picture 30x40"),
        (Image.new("RGB", (40, 30), (1, 2, 3)), "a mask in colours"),
    ],
)
def test_a_broken_item_is_named(target, message):
    with pytest.raises(UserError, match=f"list, item 0: .*{message}"):
        as_dataset([(picture(), target)] * 6)


def test_items_are_all_of_one_kind():
    good = detected((1, 1, 9, 9), kinds=[0])
    with pytest.raises(UserError, match="list, item 1: is a int, not boxes as in other items"):
        as_dataset([good, (picture(), 3)])


def test_crowds_and_masks_of_objects_are_left_out_and_said():
    crowd = {"bbox": [1, 2, 3, 4], "category_id": 3, "iscrowd": 1}
    items = [(picture(), [crowd, crowd | {"iscrowd": 0}])] * 2
    dataset = as_dataset({"train": items, "test": items})
    assert dataset.train.labels.shape == (2, 1, 5)
    assert "crowd annotations are left out: 4, first in list, item 0" in dataset.notes
    image, target = detected((1, 1, 9, 9), kinds=[0])
    target["masks"] = tv_tensors.Mask(torch.zeros(1, *SIZE))
    dataset = as_dataset({"train": [(image, target)], "test": [(image, target)]})
    assert any(note.startswith("masks of objects are not used") for note in dataset.notes)


@pytest.mark.parametrize(
    "target", [{"boxes": [], "labels": []}, {"masks": torch.zeros(0, *SIZE), "labels": []}, []]
)
def test_objects_there_must_be(target):
    with pytest.raises(UserError, match="list: no item has an object: at least one must"):
        as_dataset([(picture(), target)] * 6)


def test_an_annotation_without_objects_is_an_image_without():
    empty = {"annotation": {"object": None}}
    full = {"annotation": {"object": {"name": "cat", "bndbox": dict.fromkeys(("xmin", "ymin"), 1)}}}
    full["annotation"]["object"]["bndbox"] |= {"xmax": 9, "ymax": 9}
    dataset = as_dataset([(picture(), full if i % 2 else empty) for i in range(6)])
    assert dataset.classes == ("cat",)
