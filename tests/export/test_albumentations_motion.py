"""Masks, boxes and points beside an image in a file for albumentations."""

from collections import Counter

import numpy as np
import pytest

from dada.export.albumentations import target
from dada.export.python import run
from dada.policy import Scale
from tests.export.samples import one


def augment_of(policy, **arguments):
    made = run(target.source(policy))["Augment"](**arguments)
    made.set_random_seed(0)
    return made


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("name", ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"])
def test_masks_boxes_and_points_follow_the_white_patch(name, nested):
    library = pytest.importorskip("albumentations")
    forms = {
        "bbox_params": library.BboxParams("pascal_voc", label_fields=["labels"]),
        "keypoint_params": library.KeypointParams("xy"),
    }
    augment = augment_of(one(name, 0.7), **({} if nested else forms))
    if nested:
        augment = library.Compose([augment], seed=0, **forms)
    image = np.zeros((64, 64, 3), np.uint8)
    image[20:40, 24:36] = 255
    mask = image[..., 0] // 255
    for _ in range(4):
        moved = augment(
            image=image,
            mask=mask,
            bboxes=[[24, 20, 36, 40]],
            labels=["patch"],
            keypoints=[[24, 20], [36, 20], [36, 40], [24, 40]],
        )
        assert ((moved["image"][..., 0] == 255) == (moved["mask"] == 1)).all()
        ys, xs = np.nonzero(moved["mask"])
        (box,) = moved["bboxes"]
        tight = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        assert np.abs(box - tight).max() <= 1 and moved["labels"] == ["patch"]
        points = np.asarray(moved["keypoints"])
        around = np.concatenate([points.min(0), points.max(0)])
        assert np.abs(around - tight).max() <= 1.5


def test_cutout_hides_and_does_not_relabel():
    library = pytest.importorskip("albumentations")
    whole = Scale(bounds={"Cutout": (0.0, 0.999)})
    forms = {
        "bbox_params": library.BboxParams("pascal_voc", min_visibility=0.25, min_width=1),
        "keypoint_params": library.KeypointParams("xy"),
    }
    augment = augment_of(one("Cutout", 1.0, scale=whole), **forms)
    image = np.zeros((64, 64, 3), np.uint8)
    boxes, points = [[10, 10, 30, 40], [0, 0, 5, 64]], [[12, 13], [60, 1]]
    mask = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    moved = augment(image=image, mask=mask, bboxes=boxes, keypoints=points)
    assert (moved["image"] != image).mean() > 0.9
    assert (moved["mask"] == mask).all()
    assert np.allclose(moved["bboxes"], boxes, atol=1e-4)
    assert np.allclose(moved["keypoints"], points, atol=1e-4)


def test_boxes_of_which_less_than_a_quarter_is_left_go_with_their_labels():
    library = pytest.importorskip("albumentations")
    form = library.BboxParams("pascal_voc", label_fields=["labels"], min_visibility=0.25)
    augment = augment_of(one("TranslateX", 0.5 + 26 / 64 / 0.9), bbox_params=form)
    boxes, kept = [[20, 0, 44, 9], [8, 0, 30, 9], [34, 0, 56, 9]], Counter()
    for _ in range(12):  # 26 pixels to either side
        moved = augment(
            image=np.zeros((64, 64, 3), np.uint8), bboxes=boxes, labels=["middle", "left", "right"]
        )
        kept[tuple(moved["labels"])] += 1
    assert set(kept) == {("middle", "left"), ("middle", "right")}
