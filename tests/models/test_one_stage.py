"""torchvision's detectors against torchvision itself: the same weights, images and objects."""

import copy

import pytest
import torch
from torch import nn
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.ssd import SSD
from torchvision.models.detection.transform import GeneralizedRCNNTransform

from dada.models.one_stage import FCOSDetector, RetinaNetDetector, SSDDetector

SIDE = 64
LABELS = torch.tensor(
    [
        [[0.1, 0.2, 0.6, 0.9, 1.0], [0.5, 0.1, 0.9, 0.5, 0.0], [0.2, 0.3, 0.4, 0.6, 2.0]],
        [[0.3, 0.3, 0.8, 0.7, 2.0], [0.0, 0.0, 0.0, 0.0, -1.0], [0.0, 0.0, 0.0, 0.0, -1.0]],
        [[0.0, 0.0, 0.0, 0.0, -1.0]] * 3,
    ]
)


class Backbone(nn.Module):
    """A pyramid of two levels, of cells of 8 and of 16 pixels."""

    out_channels = 32

    def __init__(self):
        super().__init__()
        self.fine = nn.Sequential(nn.Conv2d(3, 32, 8, stride=8), nn.BatchNorm2d(32), nn.ReLU())
        self.coarse = nn.Conv2d(32, 32, 2, stride=2)

    def forward(self, images):
        x = self.fine(images)
        return {"0": x, "1": self.coarse(x)}


def retinanet():
    anchors = AnchorGenerator(((16,), (32,)), ((0.5, 1.0),) * 2)
    return RetinaNetDetector(Backbone(), 3, anchor_generator=anchors)


def fcos():
    anchors = AnchorGenerator(((8,), (16,)), ((1.0,),) * 2)
    return FCOSDetector(Backbone(), 3, anchor_generator=anchors, score_thresh=0.05)


def ssd():
    backbone = Backbone()
    backbone.out_channels = [32, 32]
    return SSDDetector(backbone, DefaultBoxGenerator([[2], [2, 3]]), (SIDE, SIDE), 4)


MAKERS = [retinanet, fcos, ssd]


def torchvisions(network):
    """The same weights in torchvision's own class, which leaves images as they are."""
    kind = next(k for k in type(network).__mro__ if k.__module__.startswith("torchvision."))
    own = copy.deepcopy(network)
    own.__class__ = kind
    own.transform = GeneralizedRCNNTransform(
        SIDE, SIDE, [0.0] * 3, [1.0] * 3, size_divisible=1, _skip_resize=True
    )
    return own


def targets(labels, background):
    present = [rows[rows[:, 4] >= 0] for rows in labels]
    return [
        {"boxes": rows[:, :4] * SIDE, "labels": rows[:, 4].long() + background} for rows in present
    ]


def made(make):
    """A network with some confidence, and images for it."""
    torch.manual_seed(0)
    network = make()
    for layer in network.head.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network, torch.randn(3, 3, SIDE, SIDE)


def recorded(network):
    """The anchors of each image that have an object, as torchvision matches them: filled in when
    its loss is asked for."""
    matched = []
    owner = network if isinstance(network, SSD) else network.head
    original = owner.compute_loss

    def compute_loss(*given):
        matched[:] = [(indices >= 0).sum().item() for indices in given[3]]
        return original(*given)

    owner.compute_loss = compute_loss
    return matched


@pytest.mark.parametrize("make", MAKERS)
def test_losses_of_images_make_torchvisions_loss_of_the_batch(make):
    """RetinaNet's is their mean; FCOS and SSD divide by the anchors that have an object, of which
    the last image has none."""
    network, images = made(make)
    own = torchvisions(network)
    counts = recorded(own)
    expected = sum(own(list(images), targets(LABELS, network.background)).values())
    found = network(images).losses(LABELS)
    assert found.shape == (3,)
    assert counts[0] > counts[1] > counts[2] == 0
    weights = torch.tensor(counts, dtype=torch.float32)
    total = weights.sum()
    if make is retinanet:
        weights, total = torch.ones(3), 3
    if make is fcos:
        weights = weights.clamp(min=1)
    together = (found * weights).sum() / total
    torch.testing.assert_close(together, expected)

    gradients = [
        torch.autograd.grad(loss, list(of.parameters()), allow_unused=True)
        for loss, of in ((together, network), (expected, own))
    ]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("make", MAKERS)
def test_boxes_are_torchvisions(make):
    network, images = made(make)
    own = torchvisions(network).eval()
    expected = own(list(images))
    found = network.eval()(images).boxes(most=1000)
    assert found.shape[:1] + found.shape[2:] == (3, 6)
    for rows, image in zip(found, expected, strict=True):
        count = len(image["scores"])
        assert count > 0
        torch.testing.assert_close(rows[:count, :4] * SIDE, image["boxes"])
        torch.testing.assert_close(rows[:count, 4], image["scores"])
        assert torch.equal(rows[:count, 5], image["labels"].float() - int(network.background))
        assert rows[count:].unique(dim=0).tolist() in ([], [[0, 0, 0, 0, 0, -1]])
    assert torch.equal(network(images).boxes(most=2), found[:, :2])


@pytest.mark.parametrize("make", MAKERS)
def test_losses_are_each_images_own_in_evaluation_mode(make):
    network, images = made(make)
    network.eval()
    with torch.no_grad():
        together = network(images).losses(LABELS)
        for image in range(3):
            one = slice(image, image + 1)
            alone = network(images[one]).losses(LABELS[one])
            torch.testing.assert_close(alone[0], together[image], rtol=1e-4, atol=1e-5)


def test_a_temperature_divides_the_logits_of_classes_and_nothing_else():
    network, images = made(fcos)
    outputs = network.eval()(images)
    hot = outputs.tempered(2.0)
    assert torch.equal(hot.heads["cls_logits"], outputs.heads["cls_logits"] / 2)
    assert all(hot.heads[n] is outputs.heads[n] for n in ("bbox_regression", "bbox_ctrness"))
    assert not outputs.detach().heads["cls_logits"].requires_grad
    assert len(outputs) == 3


def test_anchors_are_not_rounded_where_convolutions_are():
    network, images = made(retinanet)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        outputs = network.eval()(images)
    assert outputs.heads["cls_logits"].dtype == torch.bfloat16
    assert outputs.float().heads["cls_logits"].dtype == torch.float32
    assert torch.equal(outputs.anchors, network(images).anchors)
