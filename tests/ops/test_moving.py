"""Masks and boxes against what Pillow makes of their pictures."""

import numpy as np
import pytest
import torch
from PIL import Image

from dada.ops import get
from dada.ops.moving import move_boxes, move_masks, move_points

HEIGHT, WIDTH = 30, 44
FINE = 8  # pictures that boxes are measured in have so many times the pixels per side
GEOMETRIC = {
    "ShearX": (-0.3, -0.07, 0.2, 0.3),
    "ShearY": (-0.3, 0.11, 0.25),
    "TranslateX": (-0.45, -0.2, 0.13, 0.45),
    "TranslateY": (-0.45, -0.1, 0.3),
    "Rotate": (-30.0, -11.0, 8.0, 30.0, 90.0, 135.0),
}
STEPS = [(name, value) for name, values in GEOMETRIC.items() for value in values]


def maps_of(*steps, height=HEIGHT, width=WIDTH):
    """(1, K, 6)."""
    size = torch.empty(1, 1, height, width)
    found = [get(n).affine_map(size, torch.tensor([v], dtype=torch.float64)) for n, v in steps]
    return torch.stack(found, 1)


def by_pillow(mask, *steps):
    picture = Image.fromarray(mask.numpy())
    for name, value in steps:
        picture = get(name).pillow(picture, value)
    return torch.from_numpy(np.array(picture))


def filled(box, factor=1):
    """A picture in which the box is white."""
    x0, y0, x1, y1 = (factor * side for side in box)
    mask = torch.zeros(factor * HEIGHT, factor * WIDTH, dtype=torch.uint8)
    mask[y0:y1, x0:x1] = 255
    return mask


def measured(mask):
    """The box around what is white, in pixels of the coarse picture, and the white area there."""
    there = mask.nonzero().flip(1)
    if not len(there):
        return None, 0.0
    around = torch.cat([there.amin(0), there.amax(0) + 1]).double() / FINE
    return around, len(there) / FINE**2


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_mask_is_what_the_operation_would_make_of_its_picture(step):
    masks = torch.randint(256, (3, 2, HEIGHT, WIDTH), dtype=torch.uint8)
    moved = move_masks(masks, maps_of(step).expand(3, 1, 6))
    for image, result in zip(masks, moved, strict=True):
        for layer, found in zip(image, result, strict=True):
            assert torch.equal(found, by_pillow(layer, step))


@pytest.mark.parametrize(
    "pair", [(STEPS[0], STEPS[-3]), (STEPS[9], STEPS[15]), (STEPS[8], STEPS[8])]
)
def test_a_mask_moves_step_by_step_and_each_image_by_itself(pair):
    masks = torch.randint(256, (3, 1, HEIGHT, WIDTH), dtype=torch.uint8)
    steps = torch.tensor([1.0, 0, 0, 0, 1, 0], dtype=torch.float64).repeat(3, 2, 1)
    steps[1] = maps_of(*pair)[0]
    moved = move_masks(masks, steps)
    assert torch.equal(moved[::2], masks[::2])
    assert torch.equal(moved[1, 0], by_pillow(masks[1, 0], *pair))


BOXES = [(10, 8, 30, 20), (0, 0, 12, 9), (30, 18, 44, 30), (3, 2, 41, 28), (20, 0, 24, 30)]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_box_is_around_what_is_left_of_it_in_the_picture(step):
    """Drawn with 8 times the pixels, moved by Pillow and measured, to within half a pixel.

    Some boxes touch the edges, some are cut by them and some leave the image.
    """
    boxes = torch.tensor(BOXES, dtype=torch.float64)[None]
    around, left = move_boxes(boxes, maps_of(step), (HEIGHT, WIDTH))
    for box, found, share in zip(BOXES, around[0], left[0].tolist(), strict=True):
        before = filled(box, FINE)
        expected, area = measured(by_pillow(before, step))
        whole = (box[2] - box[0]) * (box[3] - box[1])
        assert share == pytest.approx(area / whole, abs=0.03)
        if expected is not None:
            torch.testing.assert_close(found, expected, atol=0.5, rtol=0)


@pytest.mark.parametrize(
    "steps",
    [
        (("Rotate", 25.0), ("ShearX", 0.3)),
        (("TranslateX", 0.3), ("Rotate", -30.0)),
        (("TranslateX", 0.45), ("TranslateX", -0.45)),
        (("ShearY", 0.3), ("TranslateY", -0.4), ("Rotate", 12.0)),
    ],
    ids=str,
)
def test_what_leaves_the_image_in_one_step_does_not_come_back_in_the_next(steps):
    boxes = torch.tensor(BOXES, dtype=torch.float64)[None]
    around, left = move_boxes(boxes, maps_of(*steps), (HEIGHT, WIDTH))
    for box, found, share in zip(BOXES, around[0], left[0].tolist(), strict=True):
        expected, area = measured(by_pillow(filled(box, FINE), *steps))
        whole = (box[2] - box[0]) * (box[3] - box[1])
        assert share == pytest.approx(area / whole, abs=0.03)
        if expected is not None and area > 1:
            torch.testing.assert_close(found, expected, atol=0.75, rtol=0)


def test_each_image_of_a_batch_has_maps_of_its_own():
    boxes = torch.tensor(BOXES, dtype=torch.float64).expand(len(STEPS), -1, -1)
    together = move_boxes(boxes, torch.cat([maps_of(step) for step in STEPS]), (HEIGHT, WIDTH))
    for number, step in enumerate(STEPS):
        alone = move_boxes(boxes[:1], maps_of(step), (HEIGHT, WIDTH))
        for found, expected in zip(together, alone, strict=True):
            torch.testing.assert_close(found[number], expected[0], atol=1e-9, rtol=0)


def test_a_box_of_which_nothing_is_left_has_no_area():
    around, left = move_boxes(
        torch.tensor([[[0.0, 0, 5, 5], [40, 3, 44, 9]]], dtype=torch.float64),
        maps_of(("TranslateX", 0.45)),
        (HEIGHT, WIDTH),
    )
    assert left.tolist() == [[0.0, 1.0]]
    assert (around[0, 0, 2:] - around[0, 0, :2]).prod() == 0
    nothing = torch.zeros(1, 1, 4, dtype=torch.float64)
    assert move_boxes(nothing, maps_of(("Rotate", 10.0)), (HEIGHT, WIDTH))[1].tolist() == [[0.0]]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_points_go_where_their_pixels_go(step):
    """A white pixel's centre, in a picture with 8 times the pixels, to within a fine pixel."""
    x, y = 22, 15
    fine = torch.zeros(FINE * HEIGHT, FINE * WIDTH, dtype=torch.uint8)
    fine[y * FINE - 2 : y * FINE + 2, x * FINE - 2 : x * FINE + 2] = 255
    there = by_pillow(fine, step).nonzero().double().mean(0).flip(0).add(0.5) / FINE
    moved = move_points(torch.tensor([[[x, y]]], dtype=torch.float64), maps_of(step))
    torch.testing.assert_close(moved[0, 0], there, atol=1.5 / FINE, rtol=0)
