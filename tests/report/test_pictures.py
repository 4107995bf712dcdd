"""Pictures with masks and boxes, before and after."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import torch
from PIL import Image

from dada.policy import Operation, Policy, SubPolicy
from dada.report.pictures import epochs, leading

POLICY = Policy((SubPolicy((Operation("Rotate", 1.0, 0.9), Operation("TranslateX", 1.0, 0.7))),))
SETTINGS = {"mean": (0.0,) * 3, "std": (1.0,) * 3, "padding": 3, "flip": True}


def squares():
    """White squares on black, their masks and their boxes."""
    masks = torch.zeros(4, 24, 24, dtype=torch.uint8)
    masks[:, 6:16, 8:18] = 1
    images = (255 * masks)[:, None].expand(-1, 3, -1, -1).contiguous()
    boxes = torch.tensor([8, 6, 18, 16, 0]) / torch.tensor([24.0, 24, 24, 24, 1])
    return images, masks, boxes.expand(4, 1, 5)


def pixels(uri):
    return np.array(Image.open(BytesIO(b64decode(uri.split(",")[1])))).astype(int)


def strips(labels):
    images = squares()[0]
    return [
        *leading(images, POLICY, 0, labels),
        *epochs(images, {"First": POLICY}, SETTINGS, 0, labels),
    ]


def test_masks_are_drawn_where_their_objects_have_gone():
    plain, masked = strips(None), strips(squares()[1])
    assert len(plain) == len(masked) == 4
    for before, after in zip(plain, masked, strict=True):
        for one, other in zip(before.images, after.images, strict=True):
            white, tinted = pixels(one)[..., 0] > 127, np.ptp(pixels(other), axis=-1) > 0
            assert white.any() and (white == tinted).all()


def test_boxes_are_drawn_around_what_has_become_of_their_objects():
    for before, after in zip(strips(None), strips(squares()[2]), strict=True):
        for one, other in zip(before.images, after.images, strict=True):
            white, inked = pixels(one)[..., 0] > 127, np.ptp(pixels(other), axis=-1) > 0
            for axis in (0, 1):
                there, drawn = (np.flatnonzero(part.any(axis)) for part in (white, inked))
                assert abs(there[0] - drawn[0]) <= 1 and abs(there[-1] - drawn[-1]) <= 1
