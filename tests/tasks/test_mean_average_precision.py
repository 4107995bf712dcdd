"""mAP against pycocotools itself, called on boxes in pixels."""

import sys
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from dada.errors import UserError
from dada.tasks import TASKS
from dada.tasks.detection import ABSENT
from dada.tasks.mean_average_precision import mean_average_precision
from tests.tasks.pycocotools_alone import evaluated

TASK = next(task for task in TASKS if task.name == "detection")
WIDTH, HEIGHT = 200, 100


def scenes(count=12, kinds=3):
    """Boxes that are there; and found, some a little off, some wrong, some invented."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.rand(*shape, generator=generator)

    there, found = torch.tensor(ABSENT).repeat(count, 6, 1), torch.zeros(count, 9, 6)
    found[..., 5] = -1
    for image in range(count - 1):
        number = 1 + image % 5
        low, side = random(number, 2) * 0.7, random(number, 2) * 0.25 + 0.05
        kind = torch.randint(0, kinds, (number, 1), generator=generator)
        there[image, :number] = torch.cat([low, low + side, kind], 1)
        shift = (random(number, 2) - 0.5) * 0.04
        near = torch.cat([low + shift, low + side + shift, random(number, 1), kind], 1)
        near[random(number) < 0.1, 5] = 0
        made_up = torch.cat([low * 0.5, low * 0.5 + 0.2, random(number, 1) * 0.6, kind], 1)
        rows = torch.cat([near, made_up[:3]])
        rows = rows[rows[:, 4].argsort(descending=True)]
        found[image, : len(rows)] = rows
    return found, there


def cocos(found, there, capsys):
    """AP, AP at 0.5, and AP of each class."""
    from pycocotools.coco import COCO

    def boxes(rows):
        scale = torch.tensor([WIDTH, HEIGHT, WIDTH, HEIGHT])
        low, high = (rows[:, :4].double() * scale).split(2, 1)
        return torch.cat([low, high - low], 1).tolist()

    truth, answers = COCO(), []
    annotations = []
    for image in range(len(there)):
        some, others = (of[image][of[image][:, -1] >= 0] for of in (there, found))
        for box, row in zip(boxes(some), some.tolist(), strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(row[4]),
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                }
            )
        for box, row in zip(boxes(others), others.tolist(), strict=True):
            answers.append(
                {"image_id": image, "category_id": int(row[5]), "bbox": box, "score": row[4]}
            )
    truth.dataset = {
        "images": [{"id": i} for i in range(len(there))],
        "annotations": annotations,
        "categories": [{"id": i} for i in range(3)],
        "info": {},
    }
    return evaluated(truth, answers, "bbox", capsys)


def test_it_is_pycocotools(capsys):
    found, there = scenes()
    over, half, each = cocos(found, there, capsys)
    precision = mean_average_precision(found, there)
    assert 0.2 < over < 0.9
    assert precision.over_overlaps == pytest.approx(over, abs=1e-6)
    assert precision.at_half == pytest.approx(half, abs=1e-6)
    assert precision.per_class == pytest.approx(each, abs=1e-6)
    assert capsys.readouterr().out == ""


@dataclass
class Found:
    rows: Tensor

    def boxes(self, most):
        assert most == 100
        return self.rows

    def losses(self, labels):
        return torch.arange(float(len(labels)))


@pytest.mark.parametrize("size", [5, 12])
def test_a_test_in_batches_measures_what_a_whole_one_does(size):
    found, there = scenes()
    batches = zip(found.split(size), there.split(size), strict=True)
    measured = TASK.measures([TASK.tally(Found(a), b) for a, b in batches])
    precision = mean_average_precision(found, there)
    assert measured[TASK.metric.key] == precision.over_overlaps
    assert measured["test_mAP50"] == precision.at_half
    assert measured["class_AP"] == precision.per_class
    assert measured["test_images"] == 12
    losses = [i for part in found.split(size) for i in range(len(part))]
    assert measured["test_loss"] == pytest.approx(sum(losses) / 12)


def test_a_class_without_boxes_has_no_precision_and_spoils_no_mean():
    found, there = scenes()
    found[..., 5] += found[..., 5] >= 1  # class 1 is nowhere
    there[..., 4] += there[..., 4] >= 1
    extra = found[:1].clone()
    extra[0, 0, 5] = 1
    before = mean_average_precision(found, there)
    after = mean_average_precision(torch.cat([extra, found[1:]]), there)
    assert before.per_class[1] is None
    assert after.per_class[1] is None
    kept = [value for value in after.per_class if value is not None]
    assert after.over_overlaps == pytest.approx(sum(kept) / 3)


def test_without_a_box_there_is_nothing_to_measure():
    found, _ = scenes(2)
    with pytest.raises(UserError, match="there is no box in any"):
        mean_average_precision(found, torch.tensor(ABSENT).repeat(2, 1, 1))


@pytest.mark.parametrize("name", ["torchmetrics.detection", "pycocotools"])
def test_a_missing_library_is_named_with_the_line_that_installs_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        UserError, match=rf"^mAP needs {name}: pip install 'dada-augment\[detection"
    ):
        mean_average_precision(*scenes(2))
