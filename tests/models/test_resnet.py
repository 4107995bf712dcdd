import pytest
import torch
import torchvision
from torch import nn

from dada.models import create
from dada.models.resnet import resnet200


def count_by_hand(stages, classes):
    """Weights of bottlenecks 64, 128, 256 and 512 wide, and two numbers a channel of BN."""
    count, inputs = 3 * 49 * 64 + 2 * 64, 64
    for stage, blocks in enumerate(stages):
        width = 64 * 2**stage
        for block in range(blocks):
            outputs = 4 * width
            count += inputs * width + 9 * width**2 + width * outputs
            count += 2 * (width + width + outputs)
            if block == 0:
                count += inputs * outputs + 2 * outputs
            inputs = outputs
    return count + inputs * classes + classes


@pytest.mark.parametrize(
    ("name", "stages", "classes", "count"),
    [
        ("resnet50", (3, 4, 6, 3), 1000, 25_557_032),
        ("resnet50", (3, 4, 6, 3), 120, 23_753_912),
        ("resnet200", (3, 24, 36, 3), 1000, 64_673_832),
    ],
)
def test_parameter_counts(name, stages, classes, count):
    """Torchvision's documentation has 25 557 032 for ResNet-50, timm's 64.67 M for ResNet-200."""
    with torch.device("meta"):
        network = create(name, classes)
    found = sum(p.numel() for p in network.parameters())
    assert found == count == count_by_hand(stages, classes)


def test_resnet50_is_torchvisions():
    with torch.device("meta"):
        assert repr(create("resnet50", 4)) == repr(torchvision.models.resnet50(num_classes=4))


def test_resnet200_is_made_of_the_same_blocks_as_resnet50():
    with torch.device("meta"):
        network, small = resnet200(1000), torchvision.models.resnet50()
        assert network(torch.empty(2, 3, 64, 64)).shape == (2, 1000)
    for stage, blocks in zip(("layer1", "layer2", "layer3", "layer4"), (3, 24, 36, 3), strict=True):
        assert len(getattr(network, stage)) == blocks
        for block in (0, 1):
            assert repr(getattr(network, stage)[block]) == repr(getattr(small, stage)[block])


def test_weights_start_as_published():
    """Spreads within 4 standard errors of √(2 / fan-out)."""
    torch.manual_seed(0)
    network = create("resnet50", classes=10)
    for conv in (m for m in network.modules() if isinstance(m, nn.Conv2d)):
        expected = (2 / (conv.kernel_size[0] ** 2 * conv.out_channels)) ** 0.5
        error = expected / (2 * conv.weight.numel()) ** 0.5
        assert abs(conv.weight.std().item() - expected) < 4 * error
