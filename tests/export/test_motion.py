import sys
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from dada.errors import UserError
from dada.export import TARGETS, target
from dada.export.interface import Sample, Target
from dada.export.motion import motion, samples
from dada.ops import get

CLOSE = {  # as measured: the least overlap of masks, the largest difference of boxes in pixels,
    # and that of translated boxes, which some libraries move by whole pixels
    "torchvision": (1.0, 0.0, 0.0),
    "kornia": (0.999, 1e-5, 0.3),
    "albumentations": (0.999, 0.7, 0.3),
    "dali": (0.999, 0.7, 1e-5),
}
MOVING = [name for name in TARGETS if target(name).sample_from]


@pytest.fixture
def toy(monkeypatch):
    """Moves everything 16 of 64 pixels left in all it does, as TranslateX by 1/4 does, but of
    the mask the first row stays, boxes go 1 pixel further, and the fourth is dropped."""

    def at_work(text, ending):
        def transform(sample):
            mask = np.zeros_like(sample.mask)
            mask[:, :-16] = sample.mask[:, 16:]
            mask[0] = sample.mask[0]
            boxes = sample.boxes - [17, 0, 17, 0]
            boxes[3] = 0
            return Sample(sample.image, mask, boxes)

        return transform

    module = ModuleType("dada.export.toy")
    module.target = Target(
        name="toy",
        what="a toy",
        endings=(".py",),
        operations=("TranslateX", "Rotate", "ShearX"),
        text_of=lambda policy, ending: "",
        differences_of=lambda policy: [],
        load_from=lambda text, ending: lambda image: image,
        moves="masks and boxes",
        sample_from=at_work,
    )
    monkeypatch.setattr("dada.export.TARGETS", ("toy",))
    monkeypatch.setitem(sys.modules, "dada.export.toy", module)


def test_overlaps_and_corners_are_those_counted_by_hand(toy):
    quarter = 0.5 + 0.25 / 0.9  # of TranslateX, which goes from -0.45 to 0.45
    rows = [r for r in motion("toy", [quarter]) if r["operation"] == "TranslateX"]
    assert len(rows) == 3
    for row, sample in zip(rows, samples(), strict=True):
        shifted = get("TranslateX").pillow(Image.fromarray(sample.mask), 0.25)
        ours, theirs = np.asarray(shifted), np.array(shifted)
        theirs[0] = sample.mask[0]
        each = [
            np.sum((ours == c) & (theirs == c)) / np.sum((ours == c) | (theirs == c))
            for c in range(4)
        ]
        assert row["iou"] == pytest.approx(np.mean(each)) and row["iou"] < 1
        x0, _, x1, _ = sample.boxes.T
        there = x1 - 16 >= (x1 - x0) / 4  # at least a quarter is left
        there &= x1 - 16 >= 1
        gone = np.maximum(x0 - 16, 0) - (x0 - 17)
        assert there[3] and (row["boxes"], row["unlike"]) == (12, 1 + (~there).sum())
        there[3] = False
        assert row["corner"] == pytest.approx(max(1, gone[there].max()))


@pytest.mark.parametrize("to", MOVING)
def test_files_move_masks_and_boxes_as_closely_as_measured(to):
    overlap, corner, translated = CLOSE[to]
    try:
        rows = motion(to, magnitudes=[0.9])
    except UserError as error:
        pytest.skip(str(error))
    alone = [row for row in rows if "," not in row["operation"]]
    assert {row["operation"] for row in alone} >= {"ShearX", "TranslateY", "Rotate", "Cutout"}
    assert min(row["iou"] for row in rows) >= overlap
    for row in alone:
        limit = translated if row["operation"].startswith("Translate") else corner
        assert row["corner"] <= limit, row
    if to != "torchvision":  # which drops none
        assert sum(row["unlike"] for row in alone) <= 2
    for row in alone:
        if row["operation"] == "Cutout":
            assert row["iou"] == 1 and row["corner"] < 1e-5 and not row["unlike"]


@pytest.mark.parametrize("to", [name for name in TARGETS if name not in MOVING])
def test_files_for_pictures_alone_are_not_measured_and_say_so(to):
    with pytest.raises(UserError, match=f"{to}: pictures alone, no masks and no boxes"):
        motion(to)
