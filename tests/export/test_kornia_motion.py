"""Masks and boxes beside images in a file for kornia."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from dada.policy import Operation, Policy, SubPolicy
from tests.export.test_kornia import one, run


@pytest.mark.parametrize("name", ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"])
def test_masks_take_the_pixels_that_images_take_and_boxes_stay_around_them(name: str) -> None:
    torch.manual_seed(0)
    augment = run(one(name, magnitude=0.9)).augment
    images = torch.zeros(8, 1, 64, 64)
    images[..., 20:40, 24:36] = 1
    boxes = torch.tensor([24.0, 20, 36, 40]).expand(8, 1, 4)
    for masks in (images.long(), images[:, 0].bool(), images[:, 0].to(torch.uint8) * 200):
        moved, beside, around = augment(images, masks, boxes)
        assert beside.dtype == masks.dtype and beside.shape == masks.shape
        there = beside.view(8, 64, 64) != 0
        assert torch.equal(moved[:, 0] == 1, there)
        for pixels, box in zip(there, around[:, 0], strict=True):
            inside = pixels.nonzero().flip(1)
            tight = torch.cat([inside.amin(0), inside.amax(0) + 1])
            assert (box - tight).abs().max() <= 1
    torch.manual_seed(0)
    known = augment(images, images, boxes)
    for given in ({"masks": images}, {"boxes": boxes}):
        torch.manual_seed(0)
        result = augment(images, **given)
        assert torch.equal(result[0], known[0])
        assert torch.equal(result[1], known[1 if "masks" in given else 2])
    torch.manual_seed(0)
    known = augment(images[:1], images[:1], boxes[:1])
    torch.manual_seed(0)
    for alone, first in zip(augment(images[0], images[0], boxes[0]), known, strict=True):
        assert torch.equal(alone, first[0])


def test_what_stays_where_it_is_stays_bit_for_bit_and_slivers_become_zeros() -> None:
    torch.manual_seed(0)
    images, masks = torch.rand(6, 3, 32, 32), torch.randint(255, (6, 32, 32))
    boxes = torch.rand(6, 5, 4).sort(-1).values[..., [0, 1, 2, 3]] * 32  # some below a pixel
    colours = Policy(
        tuple(SubPolicy((Operation(n, 1.0, 0.9),)) for n in ("Invert", "Color", "Cutout"))
    )
    _, same, still = run(colours).augment(images, masks, boxes)
    assert torch.equal(same, masks) and torch.equal(still, boxes)
    _, same, still = run(one("Rotate", probability=0.0)).augment(images, masks, boxes)
    assert torch.equal(same, masks) and torch.equal(still, boxes)
    # By 0.45 of 32 pixels, rounded to 14, to either side.
    rows = torch.tensor([[[0.0, 0, 18, 9], [4, 0, 32, 9], [31.5, 0, 32, 9], [0, 0, 0, 0]]])
    moved = run(one("TranslateX", magnitude=1.0)).augment(images[:1], boxes=rows)[1]
    left = [[0.0, 0, 4, 9], [0, 0, 18, 9], [17.5, 0, 18, 9], [0, 0, 0, 0]]
    right = [[14.0, 0, 32, 9], [18, 0, 32, 9], [0, 0, 0, 0], [0, 0, 0, 0]]
    left[0] = left[2] = [0, 0, 0, 0]  # 4 of 18 pixels; half a pixel wide
    assert moved[0].round(decimals=4).tolist() in (left, right)


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ({"masks": torch.zeros(3, 8, 8)}, r"masks \(3, 8, 8\) beside images \(2, 3, 8, 8\)"),
        ({"masks": torch.zeros(2, 8, 9)}, "masks"),
        ({"masks": torch.zeros(2)}, "masks"),
        ({"boxes": torch.zeros(2, 4)}, r"boxes torch.float32 \(2, 4\) beside images"),
        ({"boxes": torch.zeros(2, 1, 5)}, "boxes"),
        ({"boxes": torch.zeros(2, 1, 4, dtype=torch.int64)}, "must be float"),
    ],
)
def test_masks_and_boxes_of_other_images_are_refused(beside: Any, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        run(one("Invert")).augment(torch.zeros(2, 3, 8, 8), **beside)
