import pytest
import torch

from dada.errors import UserError
from dada.models import WideResNet, create, names, suggest


def test_wide_resnets_by_pattern():
    network = create("wrn-16-2", classes=10, channels=1)
    assert isinstance(network, WideResNet)
    assert network.conv.in_channels == 1
    assert network.stages[0].conv1.out_channels == 32
    assert len(network.stages) == 6
    assert create("WRN-10-1", classes=2).linear.out_features == 2


@pytest.mark.parametrize("channels", [1, 3])
def test_torchvision_residual_networks(channels):
    network = create("resnet18", classes=4, channels=channels).eval()
    assert network(torch.randn(1, channels, 32, 32)).shape == (1, 4)
    assert network.conv1.stride == (2, 2)
    assert network.conv1.bias is None


def test_names_are_the_residual_families():
    known = {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"}
    assert known < set(names())
    assert "wide_resnet50_2" in names() and "resnext50_32x4d" in names()
    assert not any("rcnn" in name or "vit" in name or "fcn" in name for name in names())


@pytest.mark.parametrize("name", ["vgg11", "wrn-40", "wrn-16-2-1", "", "resnet19"])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(UserError, match=rf"unknown network '{name}': give wrn-.*resnet18"):
        create(name, classes=10)


def test_a_wrong_depth_in_a_name():
    with pytest.raises(UserError, match=r"depth 20: .* nearest is 22"):
        create("wrn-20-2", classes=10)


@pytest.mark.parametrize(
    ("side", "accelerated", "name"),
    [
        (8, False, "wrn-10-2"),
        (16, True, "wrn-10-2"),
        (17, False, "wrn-16-2"),
        (32, True, "wrn-40-2"),
        (64, False, "wrn-16-2"),
        (65, True, "resnet18"),
        (224, False, "resnet18"),
    ],
)
def test_suggestions(side, accelerated, name):
    assert suggest(side, accelerated) == name
    create(name, classes=2)
