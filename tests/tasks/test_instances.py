import numpy as np
import pytest
import torch
from PIL import Image
from pytest import approx

from dada.augment import Motion, Sampler, apply
from dada.datasets import ImageSet
from dada.errors import UserError
from dada.models import Detected
from dada.models.instance_maps import filled, rows_of, value_of
from dada.policy import Operation, Policy, SubPolicy
from dada.tasks import Detection, Instances, Segmentation, task_of
from tests import squares

TASK = Instances()
SIZE = (40, 80)
LEFT = [1.0, 0, 12, 0, 1, 0]  # by 12 pixels
FLIP = [-1.0, 0, 80, 0, 1, 0]


def maps_of(*images):
    """Maps of rectangles in pixels of `SIZE`: x0, y0, x1, y1, class; the later one in front."""
    maps = torch.zeros(len(images), *SIZE, dtype=torch.int32)
    for canvas, rows in zip(maps, images, strict=True):
        for number, (x0, y0, x1, y1, kind) in enumerate(rows):
            canvas[y0:y1, x0:x1] = value_of(kind, number)
    return maps


def moved(rows, *steps):
    """The boxes of the objects that are left, in pixels, and their values."""
    found = TASK.moved(maps_of(rows), torch.tensor([steps], dtype=torch.float64), SIZE)
    scale = torch.tensor([80, 40, 80, 40])
    return [[*map(round, row)] for row in (rows_of(found)[0, :, :4] * scale).tolist()], [
        value for value in found.unique().tolist() if value
    ]


def test_objects_move_and_keep_what_they_are():
    box = (20, 4, 30, 14, 2)
    assert moved([box], LEFT) == ([[8, 4, 18, 14]], [3])
    assert moved([box], FLIP) == ([[50, 4, 60, 14]], [3])
    assert moved([box], LEFT, FLIP) == ([[62, 4, 72, 14]], [3])
    twice = [1.0, 0, 0, 0, 0.5, 0]  # as high again
    assert moved([box], twice) == ([[20, 8, 30, 28]], [3])


def test_an_object_is_dropped_below_a_quarter_of_its_area():
    assert moved([(0, 0, 16, 10, 1)], LEFT) == ([[0, 0, 4, 10]], [2]), "exactly a quarter"
    assert moved([(0, 0, 15, 10, 1)], LEFT) == ([[0, 0, 0, 0]], [])
    larger = [0.5, 0, 0, 0, 0.5, 0]  # of 60 by 20 pixels, 80 by 40 are left of 120 by 40
    assert moved([(0, 0, 60, 20, 1)], larger) == ([[0, 0, 80, 40]], [2])
    assert moved([(36, 0, 56, 20, 1)], larger) == ([[0, 0, 0, 0]], []), "4 columns of 20"
    assert moved([(36, 0, 50, 20, 1)], larger) == ([[72, 0, 80, 40]], [2]), "4 columns of 14"
    rows = [(0, 0, 13, 10, 0), (20, 0, 30, 10, 0), (30, 0, 40, 10, 1)]
    assert moved(rows, LEFT) == ([[8, 0, 18, 10], [18, 0, 28, 10]], [257, 514])


def test_each_image_moves_by_itself_and_one_that_does_not_stays():
    maps = maps_of([(3, 3, 4, 4, 0)], [(0, 0, 14, 9, 1)], [], [(0, 0, 14, 9, 1)])
    still = [1.0, 0, 0, 0, 1, 0]
    steps = torch.tensor([[still], [LEFT], [LEFT], [still]], dtype=torch.float64)
    found = TASK.moved(maps, steps, SIZE)
    assert torch.equal(found[[0, 3]], maps[[0, 3]]) and not found[1:3].any()
    assert TASK.moved(maps, steps[:, :0], SIZE) is maps
    assert maps[1].any(), "what was given stays as it was"


def whole_area(map_, mask):
    """How many pixels a moved mask has on a canvas without edges, pixel by pixel."""
    a, b, c, d, e, f = map_
    height, width = mask.shape
    y, x = np.mgrid[-2 * height : 3 * height, -2 * width : 3 * width] + 0.5
    u, v = np.floor(a * x + b * y + c), np.floor(d * x + e * y + f)
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    return mask[v[inside].astype(int), u[inside].astype(int)].sum()


@pytest.mark.parametrize("name", ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"])
@pytest.mark.parametrize("magnitude", [0.1, 0.8, 1.0])
def test_maps_move_as_pixels_do_and_slivers_are_dropped(name, magnitude):
    """The red channel shows the objects; what is left is counted on a canvas without edges."""
    rows = [(0, 0, 30, 9, 0), (40, 10, 60, 25, 1), (50, 28, 80, 40, 2), (66, 2, 78, 8, 1)]
    maps = maps_of(rows, rows, rows, rows)
    images = torch.zeros(4, 3, *SIZE, dtype=torch.uint8)
    for number in range(len(rows)):
        images[:, :, (maps[0] // 256 == number) & (maps[0] > 0)] = 50 * (number + 1)
    motion = Motion(4)
    policy = Policy((SubPolicy((Operation(name, 1.0, magnitude),)),))
    shown = apply(images, Sampler(policy)(4), motion)[:, 0].numpy()
    found = TASK.moved(maps, motion.maps, SIZE).numpy()
    dropped = 0
    for image, (pixels, one) in enumerate(zip(shown, found, strict=True)):
        assert motion.maps.shape[1] == 1
        for number, row in enumerate(rows):
            value, there = value_of(row[4], number), pixels == 50 * (number + 1)
            share = there.sum() / whole_area(
                motion.maps[image, 0].tolist(), (maps[image] == value).numpy()
            )
            assert abs(share - 0.25) > 0.005, "too close to tell"
            expected = there if share >= 0.25 else np.zeros_like(there)
            np.testing.assert_array_equal(one == value, expected)
            dropped += share < 0.25
    assert dropped or (name, magnitude) != ("TranslateX", 1.0)


@pytest.mark.parametrize("name", ["Cutout", "Invert"])
def test_what_is_hidden_or_recoloured_stays(name):
    maps = maps_of([(20, 4, 30, 14, 2)])
    motion, policy = Motion(1), Policy((SubPolicy((Operation(name, 1.0, 0.9),)),))
    images = torch.full((1, 3, *SIZE), 200, dtype=torch.uint8)
    assert not torch.equal(apply(images, Sampler(policy)(1), motion), images)
    assert torch.equal(TASK.moved(maps, motion.maps, SIZE), maps)


@pytest.mark.parametrize("size", [(20, 40), (33, 57), (80, 160)])
def test_maps_are_resized_to_their_nearest_pixels_as_pillow_does(size):
    maps = maps_of([(3, 3, 44, 24, 1), (20, 5, 60, 39, 200)])
    maps[maps > 300] += 256 * 30_000
    picture = Image.fromarray(maps[0].numpy()).resize(size[::-1], Image.Resampling.NEAREST)
    found = TASK.resized(maps, size)
    assert found.dtype == torch.int32
    np.testing.assert_array_equal(found[0], np.array(picture))


def test_maps_are_told_by_shape_and_type():
    maps = maps_of([(3, 3, 44, 24, 1)])
    assert isinstance(task_of(maps), Instances) and task_of(maps.numpy()) is task_of(maps)
    assert isinstance(task_of(maps.to(torch.uint8)), Segmentation)
    with pytest.raises(UserError, match="images are 8 × 8 pixels but maps of objects 80 × 40"):
        ImageSet(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), maps)


@pytest.mark.parametrize("value", [-1, 256, 3 + 256, 256 * 2**15 + 1])
def test_a_value_that_cannot_be_is_refused(value):
    maps = maps_of(*[[]] * 65, [(0, 0, 3, 3, 1)])
    TASK.check(maps, 2, "set: test labels")
    maps[65, 7, 9] = value
    with pytest.raises(
        UserError, match=rf"set: test labels: pixel \(9, 7\) of image 65 is {value}: must be 0, or"
    ):
        TASK.check(maps, 2, "set: test labels")


def test_more_classes_than_values_have_room_for_are_refused():
    with pytest.raises(UserError, match="256 classes: maps of objects tell 255 apart"):
        TASK.check(maps_of([]), 256, "labels")


def test_objects_are_drawn_with_edges_that_tell_them_apart():
    images = torch.full((2, 1, *SIZE), 100, dtype=torch.uint8)
    touching = maps_of([(10, 10, 20, 30, 0), (20, 10, 30, 30, 0)], [])
    shown = TASK.drawn(images, touching)
    assert shown.shape == (2, 3, *SIZE) and (shown[1] == 100).all()
    assert (shown.permute(0, 2, 3, 1)[touching == 0] == 100).all()
    line = shown[0, :, 20]
    assert torch.equal(line[:, 19], line[:, 20]) and torch.equal(line[:, 10], line[:, 29])
    assert not torch.equal(line[:, 19], line[:, 15]) and not torch.equal(line[:, 15], line[:, 5])


class Found(Detected):
    """Masks that are given, or just boxes."""

    def __init__(self, rows, masks=None):
        self.rows, self.given = torch.tensor(rows), masks

    def losses(self, labels):
        return labels[..., 4].sum(1)

    def boxes(self, most=100):
        return self.rows[:, :most]

    def instances(self, size, most=100):
        if self.given is None:
            return super().instances(size, most)
        return zip(self.rows, self.given, strict=True)

    def tempered(self, temperature):
        return self

    def float(self):
        return self

    def detach(self):
        return self

    def __len__(self):
        return len(self.rows)


def test_what_was_found_is_a_map_with_the_best_in_front():
    masks = torch.zeros(1, 3, 4, 6, dtype=torch.bool)
    masks[0, 0, :2, :3], masks[0, 1, 1:, 1:4], masks[0, 2] = True, True, True
    rows = [[[0.0, 0, 1, 1, 0.9, 2], [0, 0, 1, 1, 0.5, 0], [0, 0, 1, 1, 0.29, 1]]]
    (found,) = TASK.found(Found(rows, masks), (4, 6))
    expected = torch.zeros(4, 6, dtype=torch.int32)
    expected[1:, 1:4], expected[:2, :3] = value_of(0, 0), value_of(2, 1)
    assert torch.equal(found, expected)
    TASK.check(found[None], 3, "found")


def test_a_detector_of_boxes_learns_and_means_those_of_the_objects():
    maps = maps_of([(20, 10, 40, 30, 3), (40, 0, 60, 10, 1)], [])
    box = [0.25, 0.25, 0.5, 0.75, 0.9, 3.0]
    outputs = Found([[box], [[0.0, 0, 0, 0, 0, -1]]])
    assert TASK.loss(maps)(outputs, maps).tolist() == [4, -2]
    accuracy = Detection().accuracy(outputs, rows_of(maps))
    assert torch.equal(TASK.accuracy(outputs, maps), accuracy) and accuracy.tolist() == approx(
        [2 / 3, 1]
    )
    found = TASK.found(outputs, SIZE)
    assert torch.equal(found[0] > 0, filled(torch.tensor([box[:4]]), SIZE)[0])
    assert torch.equal(found[0] > 0, maps[0] == value_of(3, 0)) and not found[1].any()


@pytest.mark.parametrize("asked", [{"balance": True}, {"smoothing": 0.1}])
def test_what_the_loss_cannot_do_is_refused(asked):
    with pytest.raises(UserError, match="give a loss of your own"):
        TASK.loss(maps_of([]), **asked)


def test_objects_are_counted():
    maps = squares.instances(0, 70).labels
    values = [image[image > 0].unique() % 256 - 1 for image in maps]
    for kind in range(2):
        counts = [int((of == kind).sum()) for of in values]
        found = TASK.occurrences(maps, 2)
        assert found["objects"][kind] == sum(counts)
        assert found["images"][kind] == sum(map(bool, counts))


def test_classes_are_numbered_as_a_network_numbers_them():
    maps = maps_of([(20, 10, 40, 30, 0), (40, 0, 60, 10, 1)])
    found, _ = TASK.matched(maps, [7, 0])
    expected = maps_of([(20, 10, 40, 30, 7), (40, 0, 60, 10, 0)])
    assert torch.equal(found, expected) and found.dtype == torch.int32
