"""mAP of masks against pycocotools itself."""

import sys

import numpy as np
import pytest
import torch

from dada.errors import UserError
from dada.models.instance_maps import filled, rows_of, value_of
from dada.tasks import Instances
from dada.tasks.mask_average_precision import decoded, encoded, mask_average_precision
from dada.tasks.mean_average_precision import mean_average_precision
from tests.tasks.pycocotools_alone import evaluated
from tests.tasks.test_instances import Found
from tests.tasks.test_mean_average_precision import scenes

TASK, SIZE = Instances(), (50, 60)


def with_masks():
    """Of each image what was found and what is there: ellipses in the boxes of other scenes."""
    found, there = scenes()

    def ellipses(rows):
        rows = rows[rows[:, -1] >= 0]
        height, width = SIZE
        y = (torch.arange(height)[:, None] + 0.5) / height
        x = (torch.arange(width) + 0.5) / width
        low, high = rows[:, :2, None, None], rows[:, 2:4, None, None]
        middle, half = (low + high) / 2, (high - low) / 2
        round_ = ((x - middle[:, 0]) / half[:, 0]) ** 2 + ((y - middle[:, 1]) / half[:, 1]) ** 2 < 1
        return rows, round_ & filled(rows[:, :4], SIZE)

    return [[ellipses(rows) for rows in of] for of in (found, there)]


def cocos(found, there, capsys):
    """AP, AP at 0.5, and AP of each class."""
    from pycocotools import mask
    from pycocotools.coco import COCO

    def objects(of):
        for image, (rows, masks) in enumerate(of):
            for row, one in zip(rows.tolist(), masks, strict=True):
                code = mask.encode(np.asfortranarray(one.numpy().astype(np.uint8)))
                about = {"image_id": image, "category_id": int(row[-1]), "segmentation": code}
                yield row, about, float(mask.area(code))

    truth = COCO()
    truth.dataset = {
        "images": [{"id": i, "height": SIZE[0], "width": SIZE[1]} for i in range(len(there))],
        "annotations": [
            {**about, "id": i, "area": area, "iscrowd": 0, "bbox": [0, 0, 1, 1]}
            for i, (_, about, area) in enumerate(objects(there), 1)
        ],
        "categories": [{"id": i} for i in range(3)],
        "info": {},
    }
    answers = [{**about, "score": row[4]} for row, about, _ in objects(found)]
    return evaluated(truth, answers, "segm", capsys)


def test_it_is_pycocotools(capsys):
    found, there = with_masks()
    over, half, each = cocos(found, there, capsys)
    assert 0.1 < over < 0.9
    coded = ([(rows, encoded(masks)) for rows, masks in of] for of in (found, there))
    precision = mask_average_precision(*coded)
    assert precision.over_overlaps == pytest.approx(over, abs=1e-6)
    assert precision.at_half == pytest.approx(half, abs=1e-6)
    assert precision.per_class == pytest.approx(each, abs=1e-6)
    assert capsys.readouterr().out == ""


def test_masks_are_what_they_were():
    _, there = with_masks()
    for _, masks in there:
        assert torch.equal(decoded(encoded(masks)), masks)
    assert decoded(encoded(masks[:0])).shape == (0, *SIZE)


def test_a_test_measures_masks_and_the_boxes_around_them():
    """Found are the boxes themselves, as of a detector without masks: right as boxes, not as
    masks."""
    maps = torch.zeros(2, *SIZE, dtype=torch.int32)
    for image, kind in enumerate((0, 2)):
        for y in range(20):
            maps[image, 10 + y, 5 : 6 + y] = value_of(kind, 3)  # a triangle
    rows = torch.cat([rows_of(maps)[..., :4], torch.ones(2, 1, 1), rows_of(maps)[..., 4:]], 2)
    outputs = Found(rows.tolist())
    tallies = [TASK.tally(Found(rows[i : i + 1].tolist()), maps[i : i + 1]) for i in range(2)]
    found = TASK.measures(tallies)
    assert found["test_box_mAP"] == 1
    overlap = 210 / 400  # found at 0.5 only, of ten overlaps
    assert 0.5 < overlap < 0.55
    assert found["test_mask_mAP50"] == 1 and found["test_mask_mAP"] == pytest.approx(0.1)
    assert found["class_AP"] == [pytest.approx(0.1), None, pytest.approx(0.1)]
    assert found["test_images"] == 2
    assert found["test_loss"] == outputs.instance_losses(maps).mean()


def test_without_an_object_there_is_nothing_to_measure():
    found, there = ([(rows[:0], encoded(masks[:0])) for rows, masks in of] for of in with_masks())
    with pytest.raises(UserError, match="there is no object in any"):
        mask_average_precision(found, there)


def test_where_nothing_is_found_it_is_zero_for_each_class_that_is_there():
    """As of boxes, of which torchmetrics says so itself."""
    _, there = with_masks()
    kept = [(rows[rows[:, 4] != 1], masks[rows[:, 4] != 1]) for rows, masks in there]
    none = [(torch.zeros(0, 6), masks[:0]) for _, masks in kept]
    coded = ([(rows, encoded(masks)) for rows, masks in of] for of in (none, kept))
    precision = mask_average_precision(*coded)
    assert precision == mean_average_precision(*([rows for rows, _ in of] for of in (none, kept)))
    assert precision.over_overlaps == 0 and precision.per_class == [0, None, 0]


@pytest.mark.parametrize("name", ["torchmetrics.detection", "pycocotools"])
def test_a_missing_library_is_named_with_the_line_that_installs_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        UserError, match=rf"^mAP needs {name}: pip install 'dada-augment\[detection"
    ):
        mask_average_precision([], [])
