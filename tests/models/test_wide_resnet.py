import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dada.errors import UserError
from dada.models import WideResNet


def parameter_count(depth, width, classes):
    with torch.device("meta"):
        network = WideResNet(depth, width, classes)
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("depth", "width", "classes", "count"),
    [
        (10, 2, 10, 304_394),
        (16, 1, 10, 175_626),
        (40, 2, 10, 2_246_474),
        (40, 2, 100, 2_258_084),
        (28, 10, 10, 36_489_290),
        (28, 10, 100, 36_546_980),
    ],
)
def test_parameter_counts_are_those_of_the_published_networks(depth, width, classes, count):
    assert parameter_count(depth, width, classes) == count


def functional_wide_resnet(weights, x, depth):
    """The published network on plain tensors, batch statistics, written from its description."""
    tensors = iter(weights)

    def norm_relu(h):
        scale, shift = next(tensors), next(tensors)
        mean = h.mean((0, 2, 3), keepdim=True)
        variance = h.var((0, 2, 3), keepdim=True, unbiased=False)
        h = (h - mean) / (variance + 1e-5).sqrt()
        return (h * scale[:, None, None] + shift[:, None, None]).clamp(min=0)

    def conv(h, stride=1):
        weight, bias = next(tensors), next(tensors)
        return F.conv2d(h, weight, bias, stride=stride, padding=weight.shape[-1] // 2)

    h = conv(x)
    for stage in range(3):
        for block in range((depth - 4) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            inner = conv(norm_relu(conv(norm_relu(h))), stride)
            if inner.shape[1] != h.shape[1] or stride == 2:
                h = conv(h, stride)
            h = inner + h
    features = norm_relu(h).mean((2, 3))
    return features @ next(tensors).T + next(tensors)


@pytest.mark.parametrize(("depth", "width"), [(10, 2), (16, 1), (16, 2)])
def test_outputs_equal_an_independent_functional_version(depth, width):
    torch.manual_seed(0)
    network = WideResNet(depth, width, classes=7).double()
    for parameter in network.parameters():  # BN scales and shifts away from 1 and 0
        nn.init.normal_(parameter, std=0.3)
    x = torch.randn(4, 3, 16, 16, dtype=torch.float64)
    expected = functional_wide_resnet(list(network.parameters()), x, depth)
    torch.testing.assert_close(network(x), expected)


def test_running_statistics_are_nine_tenths_of_the_new_batch():
    network = WideResNet(10, 1, classes=2)
    x = torch.randn(8, 3, 8, 8)
    first = network.stages[0].bn1
    mean = network.conv(x).mean((0, 2, 3))
    network(x)
    torch.testing.assert_close(first.running_mean, 0.9 * mean)
    assert all(m.momentum == 0.9 for m in network.modules() if isinstance(m, nn.BatchNorm2d))


def test_every_convolution_has_a_bias():
    network = WideResNet(10, 1, classes=2)
    assert all(m.bias is not None for m in network.modules() if isinstance(m, nn.Conv2d))


@pytest.mark.parametrize("side", [7, 8, 28, 32, 33])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_side_and_channels(side, channels):
    network = WideResNet(10, 1, classes=5, channels=channels)
    assert network(torch.randn(2, channels, side, side)).shape == (2, 5)


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    network = WideResNet(10, 1, classes=5, dropout=0.5)
    x = torch.randn(4, 3, 8, 8)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_one_seed_one_network():
    def weights():
        torch.manual_seed(3)
        return torch.cat([p.flatten() for p in WideResNet(10, 1, 5).parameters()])

    assert torch.equal(weights(), weights())


@pytest.mark.parametrize(
    ("depth", "nearest"), [(0, 10), (4, 10), (11, 10), (18, 16), (39, 40), (41, 40)]
)
def test_a_wrong_depth_names_the_nearest_right_one(depth, nearest):
    with pytest.raises(UserError, match=rf"depth {depth}: .* nearest is {nearest}$"):
        WideResNet(depth, 2, 10)


def test_a_width_below_one_is_refused():
    with pytest.raises(UserError, match="width 0: must be at least 1"):
        WideResNet(10, 0, 10)
