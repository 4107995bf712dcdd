import pytest
import torch
from torchvision.ops import box_iou

from dada.models import Detector, create
from dada.models.child import Child
from tests.models.both_modes import check_both_modes

CPU = torch.device("cpu")


def losses(outputs, labels):
    return outputs.losses(labels)


def scenes(count, side=48):
    """Two bright discs or rectangles each on noise, classes 0 and 1, apart from each other."""
    images, labels = torch.rand(count, 3, side, side), torch.zeros(count, 3, 5)
    labels[..., 4] = -1
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    for image, rows in zip(images, labels, strict=True):
        for half, row in enumerate(rows[:2]):
            radii = torch.randint(4, 10, (2,)).tolist()
            number = int(torch.randint(0, 2, (1,)))
            if number == 0:
                radii[1] = radii[0]
            cx = int(torch.randint(radii[0], side - radii[0], (1,)))
            cy = half * side // 2 + side // 4
            dx, dy = (x - cx + 0.5) / radii[0], (y - cy + 0.5) / radii[1]
            inside = dx**2 + dy**2 < 1 if number == 0 else (dx.abs() < 1) & (dy.abs() < 1)
            image[:, inside] += 0.7
            box = [cx - radii[0], cy - radii[1], cx + radii[0], cy + radii[1]]
            row[:] = torch.tensor([*(v / side for v in box), number])
    return images, labels


@pytest.mark.slow
def test_it_learns_where_discs_and_rectangles_are():
    """Of fresh pictures: 90 % of objects are found, with their class, at an IoU above 0.7."""
    torch.manual_seed(0)
    images, labels = scenes(512)
    network = create("detector-8", classes=2)
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 30)
    for _ in range(30):
        for batch in torch.randperm(512).split(16):
            x, y = images[batch], labels[batch]
            optimiser.zero_grad()
            network(x).losses(y).mean().backward()
            optimiser.step()
        decay.step()
    images, labels = scenes(64)
    found = network.eval()(images).boxes(most=2)
    right = 0
    for boxes, rows in zip(found, labels[:, :2], strict=True):
        close = box_iou(rows[:, :4], boxes[:, :4]) > 0.7
        right += int((close & (rows[:, None, 4] == boxes[:, 5])).any(1).sum())
    assert right > 0.9 * 128


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (128, 96), (300, 200)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_and_number_of_channels(size, channels):
    network = create("detector-4", classes=5, channels=channels)
    assert isinstance(network, Detector)
    outputs = network(torch.rand(2, channels, *size))
    labels = torch.tensor([[[0.1, 0.2, 0.5, 0.9, 4.0]], [[0.0, 0.0, 0.0, 0.0, -1.0]]])
    assert outputs.losses(labels).isfinite().all()
    boxes = outputs.boxes()
    assert boxes.shape[0] == 2
    assert boxes.shape[1] <= 100
    assert boxes.shape[2] == 6


@pytest.mark.parametrize(("height", "width"), [(64, 64), (50, 70), (257, 130)])
def test_cells_cover_the_image_and_no_more_than_one_is_outside(height, width):
    outputs = create("detector-4", classes=2)(torch.rand(2, 3, height, width))
    rows, columns = outputs.raw.shape[2:]
    for count, side in ((columns, outputs.cell[0]), (rows, outputs.cell[1])):
        assert (count - 1) * side < 1 <= count * side + 1e-9


def test_at_first_it_finds_next_to_nothing():
    torch.manual_seed(0)
    boxes = create("detector-8", classes=3).eval()(torch.rand(4, 3, 64, 64)).boxes()
    assert boxes[..., 4].max() < 0.1


def test_losses_are_differentiable_in_both_modes():
    torch.manual_seed(0)
    images, labels = scenes(4, 32)
    child = Child(create("detector-4", 2), CPU, torch.float32, losses)
    check_both_modes(child, images, labels)
