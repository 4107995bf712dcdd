import pytest
import torch
import torchvision
from torch import nn

from dada.errors import UserError
from dada.models import create
from dada.models.backbone import load_backbone


@pytest.fixture(scope="module")
def resnet():
    """A classifier whose statistics are its own, too."""
    torch.manual_seed(1)
    network = create("resnet18", classes=4)
    network(torch.randn(4, 3, 32, 32))
    return network


@pytest.mark.parametrize("name", ["retinanet_resnet18_fpn", "fasterrcnn_resnet18_fpn"])
def test_a_detector_sees_what_the_classifier_does(resnet, name):
    torch.manual_seed(2)
    detector = create(name, classes=3)
    loaded = load_backbone(detector, resnet.state_dict())
    assert loaded == (len(resnet.state_dict()) - 2, "backbone.body", ("fc.weight", "fc.bias"))
    images = torch.randn(2, 3, 64, 64)
    expected = resnet.eval()(images)
    seen = list(detector.eval().backbone.body(images).values())[-1]
    assert torch.equal(resnet.fc(seen.mean((2, 3))), expected)


@pytest.mark.parametrize(
    ("name", "classifier", "place"),
    [
        ("fcn_resnet50", "resnet50", "backbone"),
        ("deeplabv3_resnet101", "resnet101", "backbone"),
        ("lraspp_mobilenet_v3_large", "mobilenet_v3_large", "backbone"),
        ("fasterrcnn_mobilenet_v3_large_fpn", "mobilenet_v3_large", "backbone.body"),
        ("fcos_resnet50_fpn", "resnet50", "backbone.body"),
    ],
)
def test_torchvisions_networks_take_torchvisions_classifiers(name, classifier, place):
    """On a device without memory: names and shapes alone decide."""
    with torch.device("meta"):
        network = create(name, classes=3)
        state = torchvision.models.get_model(classifier).state_dict()
        loaded = load_backbone(network, state)
    assert loaded.place == place
    part = [key for key in network.state_dict() if key.startswith(f"{place}.")]
    assert loaded.tensors == len(part)


def test_the_backbone_of_another_detector_is_one_too(resnet):
    one, other = create("fcos_resnet18_fpn", 2), create("retinanet_resnet18_fpn", 3)
    load_backbone(one, resnet.state_dict())
    load_backbone(other, one.state_dict())
    found = other.backbone.body.state_dict()
    assert all(torch.equal(found[key], resnet.state_dict()[key]) for key in found)


def test_a_grey_picture_is_seen_as_in_three_equal_channels(resnet):
    grey = create("retinanet_resnet18_fpn", classes=3, channels=1)
    load_backbone(grey, resnet.state_dict())
    picture = torch.rand(1, 1, 32, 32)
    torch.testing.assert_close(
        grey.backbone.body.conv1(picture), resnet.conv1(picture.expand(-1, 3, -1, -1))
    )


@pytest.mark.parametrize(
    ("name", "classifier", "reason"),
    [
        ("retinanet_resnet18_fpn", "resnet50", "layer1.0.conv1.weight is missing, or has another"),
        ("retinanet_resnet50_fpn", "resnet101", "layer3.6.conv1.weight is one more"),
        ("retinanet_resnet18_fpn", "mobilenet_v3_small", "0 of its .* conv1.weight is missing"),
        ("ssdlite320_mobilenet_v3_large", "resnet18", "is missing, or has another shape"),
    ],
)
def test_another_networks_weights_are_refused(name, classifier, reason):
    with torch.device("meta"):
        network = create(name, classes=3)
        state = torchvision.models.get_model(classifier).state_dict()
    with pytest.raises(UserError, match=rf"^w.pt: not the weights of the backbone.*{reason}"):
        load_backbone(network, state, "w.pt")


def test_a_network_without_a_backbone_is_named(resnet):
    with pytest.raises(UserError, match="a Linear has no backbone to load them into"):
        load_backbone(nn.Linear(2, 2), resnet.state_dict())
