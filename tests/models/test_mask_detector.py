import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate

from dada.errors import UserError
from dada.models import create
from dada.models.grid import OnGrid
from dada.models.instance_maps import filled, rows_of
from dada.models.mask_detector import MaskDetector, OnGridWithMasks
from tests import squares


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (128, 96), (300, 200)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_and_number_of_channels(size, channels):
    network = create("mask-detector-4", classes=5, channels=channels)
    assert isinstance(network, MaskDetector)
    outputs = network(torch.rand(2, channels, *size))
    maps = torch.zeros(2, *size, dtype=torch.int32)
    maps[0, 3:9, 4:12] = 5
    assert outputs.instance_losses(maps).isfinite().all()
    found = list(outputs.instances(size, most=7))
    assert [(rows.shape, masks.shape) for rows, masks in found] == [((7, 6), (7, *size))] * 2


def test_the_loss_of_masks_is_the_cross_entropy_of_each_cells_share():
    maps = squares.instances(0, 4).labels[:, :30]  # the last row of cells is cut off
    torch.manual_seed(0)
    outputs = create("mask-detector-4", classes=2)(torch.rand(4, 3, 30, 32))
    boxes = OnGrid(outputs.raw, outputs.cell).losses(rows_of(maps))
    found = outputs.instance_losses(maps) - boxes
    for image in range(4):
        each = []
        for row in range(8):
            for column in range(8):
                part = maps[image, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] > 0
                logit, share = outputs.front[image, row, column], part.float().mean()
                each.append(binary_cross_entropy_with_logits(logit, share))
        torch.testing.assert_close(found[image], torch.stack(each).mean())


@pytest.mark.parametrize("size", [(32, 64), (30, 61)])
def test_a_mask_is_what_is_likely_in_a_box(size):
    generator = torch.Generator().manual_seed(0)
    front = torch.randn(1, 8, 16, generator=generator)
    raw = torch.randn(1, 6, 8, 16, generator=generator)
    outputs = OnGridWithMasks(raw, (4 / size[1], 4 / size[0]), front)
    [(rows, masks)] = outputs.instances(size, most=5)
    whole = interpolate(front[None], scale_factor=4.0, mode="bilinear")[0, 0]
    likely = whole[: size[0], : size[1]] > 0
    assert torch.equal(rows, outputs.boxes(5)[0])
    for row, mask in zip(rows, masks, strict=True):
        assert torch.equal(mask, likely & filled(row[None, :4], size)[0])
    assert masks.any() and not masks.all()


def test_a_temperature_leaves_masks():
    torch.manual_seed(0)
    outputs = create("mask-detector-4", classes=2)(torch.rand(2, 3, 32, 32))
    warm = outputs.tempered(2.0).float()
    assert torch.equal(warm.front, outputs.front)
    assert torch.equal(warm.raw[:, 4:], outputs.raw[:, 4:] / 2)
    assert outputs.front.requires_grad and not outputs.detach().front.requires_grad


def test_boxes_alone_are_refused():
    outputs = create("mask-detector-4", classes=2)(torch.rand(2, 3, 32, 32))
    with pytest.raises(UserError, match="a mask-detector learns masks of objects, and the labels"):
        outputs.losses(torch.zeros(2, 1, 5))


@pytest.mark.slow
def test_it_learns_which_pixels_are_objects():
    """Of fresh pictures, the box of a square is found and four fifths of its mask are right."""
    torch.manual_seed(0)
    data = squares.instances(0, 256)
    network = create("mask-detector-8", classes=2)
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(20):
        for batch in torch.randperm(256).split(16):
            optimiser.zero_grad()
            images = data.images[batch] / 255
            network(images).instance_losses(data.labels[batch]).mean().backward()
            optimiser.step()
    fresh = squares.instances(1, 32)
    alone = [i for i, m in enumerate(fresh.labels) if len(m.unique()) == 2]
    outputs = network.eval()(fresh.images[alone] / 255)
    overlaps = []
    for (_, masks), wanted in zip(
        outputs.instances((32, 32), 1), fresh.labels[alone] > 0, strict=True
    ):
        overlaps.append((masks[0] & wanted).sum() / (masks[0] | wanted).sum())
    assert torch.stack(overlaps).mean() > 0.8
