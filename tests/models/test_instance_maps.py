"""Maps of instances against loops over their pixels."""

import numpy as np
import torch

from dada.models.instance_maps import HIGHEST, filled, kinds_of, objects, rows_of, value_of

GENERATOR = torch.Generator().manual_seed(0)
MAPS = torch.zeros(4, 12, 20, dtype=torch.int32)
for row, number in ((0, 0), (0, 1), (2, 0), (2, 5), (3, 2)):  # image 1 is empty
    low = torch.randint(8, (2,), generator=GENERATOR).tolist()
    kind = 3 * number % 7
    MAPS[row, low[0] : low[0] + 4, low[1] : low[1] + 6] = value_of(kind, number)
MAPS[3, 11, 19] = HIGHEST


def by_loops():
    """Image, value, area and box of each object."""
    for image, pixels in enumerate(MAPS.numpy()):
        for value in np.unique(pixels[pixels > 0]).tolist():
            y, x = np.nonzero(pixels == value)
            box = [x.min().item(), y.min().item(), x.max().item() + 1, y.max().item() + 1]
            yield image, value, len(x), box


def test_objects_are_told_by_image_and_value():
    found = objects(MAPS)
    columns = (found.image, found.value, found.area, found.boxes)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == list(by_loops())
    assert torch.equal(found.value[found.of].int(), MAPS[MAPS > 0])


def test_their_boxes_are_rows_relative_to_the_image():
    rows = rows_of(MAPS)
    counts = [2, 0, 2, 2]
    assert rows.shape == (4, 2, 5) and rows.dtype == torch.float32
    for image, (found, count) in enumerate(zip(rows, counts, strict=True)):
        of_image = [(value, box) for i, value, _, box in by_loops() if i == image]
        expected = [[*np.divide(box, [20, 12, 20, 12]), value % 256 - 1] for value, box in of_image]
        absent = [[0.0, 0, 0, 0, -1]] * (2 - count)
        torch.testing.assert_close(found, torch.tensor([*expected, *absent]).float())


def test_without_objects_there_is_one_absent_row():
    assert rows_of(MAPS[1:2]).tolist() == [[[0, 0, 0, 0, -1]]]
    assert rows_of(MAPS[:0]).shape == (0, 1, 5)
    assert kinds_of(MAPS[1, :1, :2]).tolist() == [[-1, -1]]


def test_a_filled_box_has_the_pixels_whose_centres_are_in_it():
    boxes = torch.tensor([[2.0, 1.5, 5.5, 4.4], [0, 0, 8, 6], [7.6, 0, 7.9, 6]]) / torch.tensor(
        [8, 6, 8, 6]
    )
    first, whole, none = filled(boxes, (6, 8))
    expected = torch.zeros(6, 8, dtype=torch.bool)
    expected[1:4, 2:5] = True
    assert torch.equal(first, expected)
    assert whole.all() and not none.any()
