"""Mask R-CNN against torchvision's own, of the same weights and samples."""

import copy

import pytest
import torch
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign

from dada.errors import UserError
from dada.models.instance_maps import kinds_of, objects, rows_of, value_of
from dada.models.mask_rcnn import MaskRCNNDetector
from tests.models import test_two_stage as two_stage
from tests.models.test_one_stage import SIDE

MAPS = torch.zeros(3, SIDE, SIDE, dtype=torch.int32)
MAPS[0, 4:20, 6:24] = value_of(2, 0)
MAPS[0, 8:16, 10:16] = value_of(0, 1)  # in front
MAPS[1, 30:50, 20:56] = value_of(1, 0)


def made(fixed=True):
    torch.manual_seed(0)
    return two_stage.made(
        fixed,
        MaskRCNNDetector,
        mask_roi_pool=MultiScaleRoIAlign(["0"], 4, 2),
        mask_head=MaskRCNNHeads(8, (6,), 1, norm_layer=nn.BatchNorm2d),
        mask_predictor=MaskRCNNPredictor(6, 5, 4),
    )


def torchvisions(network):
    return two_stage.torchvisions(network, MaskRCNN)


def targets(maps):
    """Each image's as torchvision wants them, from its pixels."""
    found = []
    for image in maps:
        values = image[image > 0].unique()
        masks = image == values[:, None, None]
        boxes = [
            [x.min(), y.min(), x.max() + 1, y.max() + 1]
            for y, x in (mask.nonzero().T for mask in masks)
        ]
        found.append(
            {
                "boxes": torch.tensor(boxes).float().reshape(-1, 4),
                "labels": values.long() % 256,
                "masks": masks.byte(),
            }
        )
    return found


def test_the_images_losses_make_torchvisions_loss_of_the_batch():
    """All parts but the masks' are means; those weigh each image by its samples of objects."""
    network, images = made()
    own = torchvisions(network)
    expected = own(list(images), targets(MAPS))
    outputs = network(images)
    found = outputs.instance_losses(MAPS)
    without, samples = outputs.judged(outputs._targets(MAPS))  # a Faster R-CNN's
    assert found.shape == (3,)
    counts = torch.tensor([float((image.numbers > 0).sum()) for image in samples])
    assert counts[0] > 0 and counts[1] > 0 and counts[2] == 0
    masks = found - without
    assert masks[2] == 0, "no object, nothing to draw"
    torch.testing.assert_close((counts * masks).sum() / counts.sum(), expected.pop("loss_mask"))
    torch.testing.assert_close(without.mean(), sum(expected.values()))


def test_gradients_are_torchvisions_where_images_have_as_many_samples():
    network, images = made()
    images, maps = images[:1].repeat(2, 1, 1, 1), MAPS[:1].repeat(2, 1, 1)
    own = torchvisions(network)
    expected = sum(own(list(images), targets(maps)).values())
    found = network(images).instance_losses(maps)
    torch.testing.assert_close(found.mean(), expected)
    gradients = [
        torch.autograd.grad(loss, list(of.parameters()))
        for loss, of in ((found.mean(), network), (expected, own))
    ]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(dict(network.state_dict()), dict(own.state_dict()))


def test_masks_are_torchvisions():
    network, images = made()
    expected = torchvisions(network).eval()(list(images))
    found = list(network.eval()(images).instances((SIDE, SIDE), most=1000))
    assert len(found) == 3
    for (rows, masks), image in zip(found, expected, strict=True):
        assert len(rows) == len(image["scores"]) > 10
        torch.testing.assert_close(rows[:, :4] * SIDE, image["boxes"])
        assert torch.equal(rows[:, 5], image["labels"].float() - 1)
        ours, theirs = masks, image["masks"][:, 0] >= 0.5
        assert theirs.any() and not theirs.all()
        assert (ours != theirs).float().mean() < 1e-4, "but for rounding"


def test_masks_of_another_size_are_the_same_enlarged():
    network, images = made()
    outputs = network.eval()(images)
    small, large = (next(outputs.instances((size, size), most=5))[1] for size in (SIDE, 4 * SIDE))
    there = small.flatten(1).any(1)
    shrunk = large[:, 2::4, 2::4]
    assert there.any()
    assert (shrunk == small)[there].float().mean() > 0.95


def test_losses_are_the_same_each_time_in_evaluation_mode_and_drawn_anew_in_training():
    network, images = made(fixed=False)
    outputs = network(images)
    assert not torch.equal(outputs.instance_losses(MAPS), outputs.instance_losses(MAPS))
    outputs = network.eval()(images)
    torch.testing.assert_close(
        outputs.instance_losses(MAPS), outputs.instance_losses(MAPS), rtol=0, atol=0
    )


def test_masks_in_training_mode_leave_statistics_alone():
    network, images = made()
    outputs = network(images).detach()
    before = copy.deepcopy(network.state_dict())
    list(outputs.instances((SIDE, SIDE), most=3))
    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_images_without_objects_cost_and_teach():
    network, images = made()
    losses = network(images).instance_losses(torch.zeros_like(MAPS))
    assert losses.isfinite().all() and losses.requires_grad


def test_boxes_alone_are_refused():
    network, images = made()
    with pytest.raises(UserError, match="a Mask R-CNN learns masks of objects, and the labels are"):
        network(images).losses(rows_of(MAPS))


def test_the_targets_are_the_objects_of_the_maps():
    network, images = made()
    for ours, theirs in zip(network(images)._targets(MAPS), targets(MAPS), strict=True):
        assert torch.equal(ours["boxes"], theirs["boxes"])
        assert torch.equal(ours["labels"], theirs["labels"])
        assert torch.equal(ours["masks"].byte(), theirs["masks"])
    assert torch.equal(kinds_of(objects(MAPS).value), torch.tensor([2, 0, 1]))
