import pytest
import torch
from torch.nn.functional import cross_entropy

from dada.models import Segmenter, create
from dada.models.child import Child
from tests.models.both_modes import check_both_modes


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (48, 48), (50, 100)])
@pytest.mark.parametrize("channels", [1, 3])
def test_one_answer_per_pixel_at_any_size(size, channels):
    network = create("segmenter-4", classes=5, channels=channels)
    assert isinstance(network, Segmenter)
    assert network(torch.rand(2, channels, *size)).shape == (2, 5, *size)


def test_it_learns_which_pixels_a_rectangle_covers():
    """Bright rectangles on noise, fresh ones to judge by; a pixel in five is covered."""
    torch.manual_seed(0)
    images, masks = rectangles(96)
    network = create("segmenter-4", classes=2)
    optimiser = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(8):
        for x, y in zip(images.split(16), masks.split(16), strict=True):
            optimiser.zero_grad()
            cross_entropy(network(x), y).backward()
            optimiser.step()
    images, masks = rectangles(32)
    answers = network.eval()(images).argmax(1)
    covered = masks == 1
    union = (covered | (answers == 1)).sum()
    assert (covered & (answers == 1)).sum() / union > 0.85


def rectangles(count):
    images, masks = torch.rand(count, 3, 24, 24), torch.zeros(count, 24, 24, dtype=torch.long)
    for image, mask in zip(images, masks, strict=True):
        y, x = torch.randint(0, 12, (2,)).tolist()
        height, width = torch.randint(6, 13, (2,)).tolist()
        image[:, y : y + height, x : x + width] += 0.5
        mask[y : y + height, x : x + width] = 1
    return images, masks


def test_losses_are_differentiable_in_both_modes():
    torch.manual_seed(0)

    def loss(logits, labels):
        return cross_entropy(logits, labels, reduction="none").mean((1, 2))

    child = Child(create("segmenter-4", 3), torch.device("cpu"), torch.float32, loss)
    images, labels = torch.rand(4, 3, 20, 20), torch.randint(0, 3, (4, 20, 20))
    check_both_modes(child, images, labels)
