import pytest
import torch
from torchvision.ops import box_iou

from dada.errors import UserError
from dada.models import Detected
from dada.searching.score import calibrated, guess
from dada.tasks import Detection, task_of
from dada.tasks.boxes import hits, iou
from dada.tasks.detection import own_losses

TASK = Detection()
SIZE = (40, 80)


class Found(Detected):
    """Boxes that are given."""

    def __init__(self, rows):
        self.rows = rows

    def losses(self, labels):
        return labels[..., 4].sum(1)

    def boxes(self, most=100):
        return self.rows[:, :most]

    def tempered(self, temperature):
        return type(self)(self.rows / temperature)

    def float(self):
        return self

    def detach(self):
        return self

    def __len__(self):
        return len(self.rows)


def labels_of(*images):
    """Rows in pixels of `SIZE`."""
    most = max(map(len, images))
    scale = torch.tensor([80.0, 40, 80, 40, 1])
    absent = [0.0, 0, 0, 0, -1]
    return (
        torch.tensor([[*map(list, rows), *[absent] * (most - len(rows))] for rows in images])
        / scale
    )


def boxes(count, generator):
    low = torch.rand(2, count, 2, generator=generator) * 0.6
    return torch.cat([low, low + 0.1 + 0.3 * torch.rand(2, count, 2, generator=generator)], -1)


def test_overlaps_are_torchvisions():
    generator = torch.Generator().manual_seed(0)
    some, others = boxes(7, generator), boxes(5, generator)
    for a, b, found in zip(some, others, iou(some, others), strict=True):
        torch.testing.assert_close(found, box_iou(a, b))
    assert iou(torch.zeros(1, 1, 4), torch.zeros(1, 2, 4)).tolist() == [[[0.0, 0.0]]]


def by_loops(found, labels, overlap):
    """Which boxes of an image are right, one after the other."""
    free, right = [row for row in labels.tolist() if row[4] >= 0], []
    for *box, _, kind in found.tolist():
        alike = [row for row in free if row[4] == kind]
        near = [float(box_iou(torch.tensor([box]), torch.tensor([row[:4]]))) for row in alike]
        right.append(bool(near) and max(near) >= overlap)
        if right[-1]:
            free.remove(alike[near.index(max(near))])
    return right


def test_each_box_takes_the_free_one_of_its_class_that_it_overlaps_most():
    generator = torch.Generator().manual_seed(1)
    for _ in range(10):
        kinds = torch.randint(-1, 2, (2, 8, 1), generator=generator).float()
        labels = torch.cat([boxes(8, generator), kinds], -1)
        near = labels[:, :, :4] + 0.04 * torch.randn(2, 8, 4, generator=generator)
        found = torch.cat([near, torch.ones(2, 8, 1), kinds.roll(1, 0).abs()], -1)
        expected = [by_loops(*pair, 0.5) for pair in zip(found, labels, strict=True)]
        assert hits(found, labels, 0.5).tolist() == expected


def test_the_accuracy_is_f1_of_what_was_found_with_some_certainty():
    there = labels_of([(0, 0, 20, 20, 0), (40, 10, 60, 30, 1)], [], [(0, 0, 10, 10, 0)], [])
    absent = [0, 0, 0, 0, 0, -1]
    rows = [
        [[0, 0, 0.25, 0.5, 0.9, 0], [0.5, 0.25, 0.75, 0.75, 0.8, 0], [0, 0, 1, 1, 0.2, 0]],
        [absent] * 3,
        [[0.5, 0.5, 1, 1, 0.2, 0], absent, absent],
        [[0.5, 0.5, 1, 1, 0.7, 0], absent, absent],
    ]
    found = Found(torch.tensor(rows, dtype=torch.float32))
    # One of two found, and one wrong class; nothing of nothing; unsure; something of nothing.
    assert TASK.accuracy(found, there).tolist() == [0.5, 1, 0, 0]
    assert TASK.accuracy(Found(found.rows[:, :0]), there).tolist() == [0, 1, 0, 1]


def moved(rows, *maps):
    """In pixels of `SIZE`, without absent rows."""
    steps = torch.tensor([maps], dtype=torch.float64)
    found = TASK.moved(labels_of(rows), steps, SIZE)[0]
    assert (found[:, 4].sort(descending=True).values == found[:, 4]).all() or len(rows) > 1
    return [
        [round(v, 4) for v in row] for row in (found * torch.tensor([80, 40, 80, 40, 1])).tolist()
    ]


LEFT = [1.0, 0, 12, 0, 1, 0]  # by 12 pixels
FLIP = [-1.0, 0, 80, 0, 1, 0]


def test_boxes_move_and_keep_their_class():
    assert moved([(20, 4, 30, 14, 2)], LEFT) == [[8, 4, 18, 14, 2]]
    assert moved([(20, 4, 30, 14, 2)], FLIP) == [[50, 4, 60, 14, 2]]
    assert moved([(20, 4, 30, 14, 2)], LEFT, FLIP) == [[62, 4, 72, 14, 2]]


def test_a_box_is_dropped_below_a_quarter_of_its_area_or_a_pixel():
    absent = [0, 0, 0, 0, -1]
    assert moved([(0, 0, 16, 10, 1)], LEFT) == [[0, 0, 4, 10, 1]], "exactly a quarter"
    assert moved([(0, 0, 15.9, 10, 1)], LEFT) == [absent]
    assert moved([(10, 0, 12.9, 10, 1)], LEFT) == [absent], "0.9 pixels"
    assert moved([(10, 0, 13.1, 10, 1)], LEFT) == [[0, 0, 1.1, 10, 1]]


@pytest.mark.parametrize("width", [80, 88, 400, 1333])
def test_rounding_drops_no_box_of_a_pixel_and_none_of_a_quarter(width):
    """float32 has no thirds; relative to the width, most whole pixels are a little off."""
    places = torch.arange(15, width - 15, 3)
    size = torch.tensor([width, 40, width, 40])
    left = torch.tensor([[[1.0, 0, 3, 0, 1, 0]]], dtype=torch.float64)
    pixels = torch.stack([places, places * 0 + 4, places + 1, places * 0 + 5], 1)
    quarters = torch.tensor([[0, 0, 4, y] for y in range(1, 40)])
    for boxes in (pixels, quarters):
        labels = torch.cat([boxes / size, torch.zeros(len(boxes), 1)], 1)
        assert (TASK.moved(labels[None], left, (40, width))[..., 4] == 0).all()


def test_absent_rows_come_last_and_the_others_keep_their_order():
    rows = [(0, 0, 5, 5, 0), (30, 0, 40, 10, 1), (0, 20, 9, 30, 2), (50, 0, 60, 10, 3)]
    assert [row[4] for row in moved(rows, LEFT)] == [1, 3, -1, -1]
    assert [row[0] for row in moved(rows, LEFT)] == [18, 38, 0, 0]


def test_each_image_moves_by_itself_and_one_that_does_not_stays_to_the_last_bit():
    labels = torch.rand(3, 2, 5, generator=torch.Generator().manual_seed(0))
    labels[..., 2:4] = labels[..., :2] + 1e-3
    labels[..., 4] = 1
    steps = torch.tensor([[[1.0, 0, 0, 0, 1, 0]], [FLIP], [[1.0, 0, 0, 0, 1, 0]]]).double()
    found = TASK.moved(labels, steps, SIZE)
    assert torch.equal(found[::2], labels[::2]), "though smaller than a pixel"
    assert (found[1, :, 4] == -1).all()


def test_boxes_are_told_by_shape_and_type():
    labels = labels_of([(0, 0, 5, 5, 0)], [])
    assert isinstance(task_of(labels), Detection) and task_of(labels.numpy()) is task_of(labels)
    with pytest.raises(UserError, match=r"labels are float32 \(2, 1, 4\): must be"):
        task_of(labels[..., :4])


@pytest.mark.parametrize(
    "row",
    [
        (0.5, 0, 0.4, 1, 0),
        (0, 0, 1.01, 1, 0),
        (0, 0, float("nan"), 1, 0),
        (0, 0, 1, 1, 2),
        (0, 0, 1, 1, 0.5),
        (0, 0, 1, 0, -1),
        (0, 0, 0, 0, -2),
    ],
)
def test_a_box_that_cannot_be_is_refused(row):
    labels = torch.tensor([[[0.0, 0, 1, 1, 1]], [[0.0, 0, 0, 0, -1]], [list(row)]])
    TASK.check(labels[:2], 2, "set: training labels")
    with pytest.raises(UserError, match=r"set: training labels: box 0 of image 2 is \("):
        TASK.check(labels, 2, "set: training labels")


def test_absent_boxes_that_come_first_are_refused():
    absent, box = [0.0, 0, 0, 0, -1], [0.0, 0, 1, 1, 0]
    TASK.check(torch.tensor([[box, absent]]), 1, "labels")
    with pytest.raises(UserError, match=r"box 1 of image 0 .* come last"):
        TASK.check(torch.tensor([[absent, box]]), 1, "labels")
    with pytest.raises(UserError, match="no rows for boxes"):
        TASK.check(torch.zeros(2, 0, 5), 1, "labels")


@pytest.mark.parametrize("asked", [{"balance": True}, {"smoothing": 0.1}])
def test_what_the_loss_cannot_do_is_refused(asked):
    labels = labels_of([(0, 0, 5, 5, 3)])
    assert TASK.loss(labels)(Found(torch.zeros(1, 1, 6)), labels).tolist() == [3]
    with pytest.raises(UserError, match="give a loss of your own"):
        TASK.loss(labels, **asked)


def test_boxes_are_drawn_as_outlines():
    images = torch.zeros(2, 1, *SIZE, dtype=torch.uint8)
    shown = TASK.drawn(images, labels_of([(20, 10, 40, 30, 0)], []))
    lit = shown[0].amax(0) > 0
    assert shown.shape == (2, 3, *SIZE) and not shown[1].any()
    rows, columns = lit.nonzero().T
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 29, 20, 39)
    assert not lit[15:25, 25:35].any()


@pytest.mark.parametrize(("best", "loss"), [(2.0, 0), (4.0, 0), (16.0, 64), (0.25, 1 / 16)])
def test_a_detector_is_judged_at_the_best_of_few_temperatures(best, loss):
    """Its loss is made to be (t − best)²; t is from 1/2 to 8."""

    class Parabola(Found):
        def losses(self, labels):
            return (1 / self.rows[:, 0, 0] - best).square()

    batches = [(Parabola(torch.ones(3, 1, 6)), torch.zeros(3, 1, 5)) for _ in range(2)]
    assert calibrated(own_losses, batches) == pytest.approx(loss, abs=1e-9)


def test_without_a_network_there_is_no_guess():
    labels = labels_of([(0, 0, 5, 5, 0)])
    assert guess(own_losses, labels, labels, 1) == float("inf")


def test_finding_nothing_is_the_answer_without_looking():
    labels = labels_of([(0, 0, 40, 40, 0)], [(0, 0, 9, 9, 1), (40, 0, 80, 20, 0)])
    nothing = Found(torch.zeros(2, 0, 6))
    found = TASK.measures([TASK.tally(nothing, labels)])
    assert found["test_mAP"] == TASK.naive(labels) == 0
