"""Answers of a grid against the same in plain loops."""

import pytest
import torch
from torch.nn.functional import logsigmoid
from torchvision.ops import generalized_box_iou

from dada.models.grid import OnGrid, assigned

ABSENT = [0.0, 0.0, 0.0, 0.0, -1.0]
HEIGHT, WIDTH, CLASSES = 5, 7, 3
CELL = (1 / 7, 1 / 4.5)  # the last row of cells is half outside


def example(count=6, seed=0):
    """Raw outputs, and labels: tiny boxes, large ones, boxes on top of each other, none at all."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape):
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    labels = torch.tensor(ABSENT, dtype=torch.float64).repeat(count, 4, 1)
    for image in range(count - 1):
        for row in range(1 + image % 4):
            low, side = random(2) * 0.6, random(2) ** 3 * 0.39 + 0.01
            number = torch.randint(0, CLASSES, (1,), generator=generator)
            labels[image, row] = torch.cat([low, low + side, number])
    raw = random(count, 4 + CLASSES, HEIGHT, WIDTH) * 4 - 2
    return OnGrid(raw, CELL), labels


def centre_of(cell):
    return torch.tensor(
        [(cell % WIDTH + 0.5) * CELL[0], (cell // WIDTH + 0.5) * CELL[1]], dtype=torch.float64
    )


def answers_for(cell, rows):
    """The row that a cell answers for, or None; in a loop over the rules."""
    found = None
    for number, (x0, y0, x1, y1, kind) in enumerate(rows.tolist()):
        if kind < 0:
            continue
        fits = True
        for (low, high), at, side in zip(
            ((x0, x1), (y0, y1)), centre_of(cell).tolist(), CELL, strict=True
        ):
            away = abs(at - (low + high) / 2)
            fits &= (low < at < high and away <= 1.5 * side) or away <= side / 2
        area = (x1 - x0) * (y1 - y0)
        if fits and (found is None or area < found[1]):
            found = number, area
    return None if found is None else found[0]


def test_cells_answer_for_the_smallest_object_near_their_centre():
    _, labels = example(12)
    centres = torch.stack([centre_of(cell) for cell in range(HEIGHT * WIDTH)])
    which, there = assigned(centres, torch.tensor(CELL, dtype=torch.float64), labels)
    expected = [[answers_for(cell, rows) for cell in range(HEIGHT * WIDTH)] for rows in labels]
    found = [
        [int(row) if yes else None for row, yes in zip(*image, strict=True)]
        for image in zip(which, there, strict=True)
    ]
    assert found == expected
    assert there.any(1).tolist() == [True] * 11 + [False]


def loss_of(raw, rows):
    """Of one image, cell by cell."""
    total, count = torch.zeros((), dtype=raw.dtype), 0
    for cell in range(HEIGHT * WIDTH):
        out = raw[:, cell // WIDTH, cell % WIDTH]
        row = answers_for(cell, rows)
        for number, logit in enumerate(out[4:]):
            yes = row is not None and number == int(rows[row, 4])
            sure, weight = (logit, 0.25) if yes else (-logit, 0.75)
            total = total - weight * (1 - sure.sigmoid()) ** 2 * logsigmoid(sure)
        if row is not None:
            side = torch.tensor(CELL, dtype=raw.dtype)
            centre, half = centre_of(cell) + out[:2] * side, out[2:4].exp() * 2 * side
            box = torch.cat([centre - half, centre + half])
            total = total + 1 - generalized_box_iou(box[None], rows[row : row + 1, :4])[0, 0]
            count += 1
    return total / max(1, count)


def test_losses_and_gradients_are_those_of_a_plain_loop():
    outputs, labels = example()
    outputs.raw.requires_grad_()
    found = outputs.losses(labels)
    expected = torch.stack([loss_of(*pair) for pair in zip(outputs.raw, labels, strict=True)])
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    weights = torch.arange(1.0, 7.0, dtype=torch.float64)
    gradients = [
        torch.autograd.grad(losses @ weights, outputs.raw)[0] for losses in (found, expected)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-6)


def test_the_loss_of_an_image_does_not_depend_on_the_others():
    outputs, labels = example()
    together = outputs.losses(labels)
    for image in range(6):
        alone = OnGrid(outputs.raw[image : image + 1], CELL).losses(labels[image : image + 1])
        torch.testing.assert_close(alone[0], together[image])


def answering(*cells):
    """An image in which some cells answer: (row, column, class, logit, box's centre and sides)."""
    raw = torch.zeros(1, 4 + CLASSES, HEIGHT, WIDTH)
    raw[:, 4:] = -20
    for row, column, number, logit, where in cells:
        raw[0, :4, row, column] = torch.tensor(where)
        raw[0, 4 + number, row, column] = logit
    return OnGrid(raw, (1 / WIDTH, 1 / HEIGHT))


ONE = (0.0, 0.0, -1.3862944, -1.3862944)  # the cell itself: 4 exp(-1.386) is 1


def test_boxes_are_where_the_cells_say():
    shifted = (1.0, -0.5, -0.6931472, -1.3862944)  # a cell to the right, half one up; 2 cells wide
    found = answering((2, 3, 1, 1.0, ONE), (4, 0, 2, 2.0, shifted)).boxes(most=3)
    expected = [
        [0.5 / 7, 3.5 / 5, 2.5 / 7, 4.5 / 5, torch.tensor(2.0).sigmoid().item(), 2],
        [3 / 7, 2 / 5, 4 / 7, 3 / 5, torch.tensor(1.0).sigmoid().item(), 1],
    ]
    torch.testing.assert_close(found[0, :2], torch.tensor(expected))
    assert found.shape == (1, 3, 6)
    assert found[0, 2, 4] < 1e-8


def test_of_boxes_of_a_class_on_top_of_each_other_the_best_stays():
    right = (-1.0, 0.0, *ONE[2:])  # that of the cell to its left
    same = answering((2, 3, 1, 1.0, ONE), (2, 4, 1, 2.0, right)).boxes(most=200)[0]
    assert (same[:, 4] > 0.1).sum() == 1
    assert same[0, 4] == torch.tensor(2.0).sigmoid()
    gone = same[:, 5] < 0
    assert gone.any()
    assert not gone[: int((~gone).sum())].any()
    assert same[gone].unique(dim=0).tolist() == [[0, 0, 0, 0, 0, -1]]
    two = answering((2, 3, 1, 1.0, ONE), (2, 4, 0, 2.0, right)).boxes(most=2)[0]
    assert two[:, 5].tolist() == [0, 1]


def test_boxes_end_at_the_edge_of_the_image():
    large = (0.0, 0.0, 5.0, 5.0)
    assert answering((0, 0, 1, 3.0, large)).boxes(most=1)[0, 0, :4].tolist() == [0, 0, 1, 1]


def test_boxes_of_one_image_do_not_suppress_those_of_another():
    single = answering((2, 3, 1, 1.0, ONE))
    both = OnGrid(single.raw.repeat(2, 1, 1, 1), single.cell).boxes(most=1)
    assert torch.equal(both[0], both[1])


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_temperature_changes_scores_and_no_boxes(temperature):
    outputs, _ = example()
    found, before = outputs.tempered(temperature).boxes(1000), outputs.boxes(1000)
    assert torch.equal(found[..., :4], before[..., :4])
    assert torch.equal(found[..., 5], before[..., 5])
    there = found[..., 5] >= 0
    expected = before[..., 4].logit() / temperature
    torch.testing.assert_close(found[..., 4].logit()[there], expected[there])


def test_it_is_converted_and_detached_as_a_tensor_is():
    outputs, _ = example()
    outputs.raw.requires_grad_()
    assert len(outputs) == 6
    assert outputs.float().raw.dtype == torch.float32
    assert outputs.float().raw.requires_grad
    assert not outputs.detach().raw.requires_grad
