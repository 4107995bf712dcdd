"""Faster R-CNN against torchvision's own, of the same weights and samples."""

import copy
from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign

from dada.models.two_stage import FasterRCNNDetector
from tests.models.test_one_stage import LABELS, SIDE, targets

SAMPLES = 16


class Backbone(nn.Module):
    """A pyramid of one level, of cells of 4 pixels."""

    out_channels = 8

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 4, stride=4), nn.BatchNorm2d(8), nn.ReLU())

    def forward(self, images):
        return OrderedDict([("0", self.layers(images))])


class Head(nn.Sequential):
    """With batch normalisation, as in version 2."""

    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(32, 12), nn.BatchNorm1d(12), nn.ReLU())


class Predictor(nn.Module):
    def __init__(self):
        super().__init__()
        self.classes, self.boxes = nn.Linear(12, 4), nn.Linear(12, 16)

    def forward(self, x):
        return self.classes(x), self.boxes(x)


def firsts(labels):
    """As many of each image, always the same: an equal number of all is what makes torchvision's
    loss of a batch the mean of those of its images."""
    positives, negatives = [], []
    for one in labels:
        yes = torch.where(one > 0)[0][: SAMPLES // 2]
        no = torch.where(one == 0)[0][: SAMPLES - len(yes)]
        positives.append(torch.zeros(len(one), dtype=torch.uint8).index_fill_(0, yes, 1))
        negatives.append(torch.zeros(len(one), dtype=torch.uint8).index_fill_(0, no, 1))
        assert len(yes) + len(no) == SAMPLES
    return positives, negatives


def made(fixed=True, kind=FasterRCNNDetector, **more):
    torch.manual_seed(0)
    network = kind(
        Backbone(),
        rpn_anchor_generator=AnchorGenerator(((8, 16, 32),), ((0.5, 1.0, 2.0),)),
        box_roi_pool=MultiScaleRoIAlign(["0"], 2, 2),
        box_head=Head(),
        box_predictor=Predictor(),
        rpn_batch_size_per_image=SAMPLES,
        box_batch_size_per_image=SAMPLES,
        **more,
    )
    if fixed:
        network.rpn.fg_bg_sampler = network.roi_heads.fg_bg_sampler = firsts
    return network, torch.randn(3, 3, SIDE, SIDE)


def torchvisions(network, kind=FasterRCNN):
    own = copy.deepcopy(network)
    own.__class__ = kind
    own.transform = GeneralizedRCNNTransform(
        SIDE, SIDE, [0.0] * 3, [1.0] * 3, size_divisible=1, _skip_resize=True
    )
    return own


def test_the_mean_of_the_images_losses_is_torchvisions_loss():
    network, images = made()
    own = torchvisions(network)
    expected = sum(own(list(images), targets(LABELS, background=True)).values())
    found = network(images).losses(LABELS)
    assert found.shape == (3,)
    torch.testing.assert_close(found.mean(), expected)
    gradients = [
        torch.autograd.grad(loss, list(of.parameters()))
        for loss, of in ((found.mean(), network), (expected, own))
    ]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(dict(network.state_dict()), dict(own.state_dict()))


def test_boxes_are_torchvisions():
    network, images = made()
    expected = torchvisions(network).eval()(list(images))
    found = network.eval()(images).boxes(most=1000)
    for rows, image in zip(found, expected, strict=True):
        count = len(image["scores"])
        assert count > 10
        torch.testing.assert_close(rows[:count, :4] * SIDE, image["boxes"])
        torch.testing.assert_close(rows[:count, 4], image["scores"])
        assert torch.equal(rows[:count, 5], image["labels"].float() - 1)


def test_losses_are_each_images_own_and_the_same_each_time_in_evaluation_mode():
    network, images = made(fixed=False)
    network.eval()
    before = torch.get_rng_state()
    with torch.no_grad():
        together = network(images).losses(LABELS)
        assert torch.equal(network(images).losses(LABELS), together)
        for image in range(3):
            one = slice(image, image + 1)
            alone = network(images[one]).losses(LABELS[one])
            torch.testing.assert_close(alone[0], together[image], rtol=1e-4, atol=1e-5)
    assert torch.equal(torch.get_rng_state(), before)


def test_samples_are_drawn_anew_in_training_mode():
    network, images = made(fixed=False)
    outputs = network(images)
    assert not torch.equal(outputs.losses(LABELS), outputs.losses(LABELS))


def test_losses_are_those_of_the_weights_that_made_the_outputs():
    network, images = made()
    other = {name: 1.5 * p.detach() for name, p in network.named_parameters()}
    before = copy.deepcopy(network.roi_heads.state_dict())
    found = functional_call(network, other, (images,)).float().losses(LABELS)
    after = network.roi_heads.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    expected = copy.deepcopy(network)
    expected.load_state_dict(other, strict=False)
    torch.testing.assert_close(found, expected(images).losses(LABELS))


def test_boxes_in_training_mode_leave_statistics_alone():
    network, images = made()
    outputs = network(images)
    before = copy.deepcopy(network.state_dict())
    outputs.detach().boxes()
    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_temperature_divides_the_logits_of_the_second_stage(temperature):
    network, images = made()
    network.eval()
    found = network(images).tempered(temperature).boxes(1000)
    with torch.no_grad():
        for weight in network.roi_heads.box_predictor.classes.parameters():
            weight.div_(temperature)
    torch.testing.assert_close(found, network(images).boxes(1000))


def test_it_is_detached_as_a_tensor_is():
    network, images = made()
    outputs = network(images)
    assert outputs.losses(LABELS).requires_grad
    assert not outputs.detach().losses(LABELS).requires_grad
    assert len(outputs) == 3
