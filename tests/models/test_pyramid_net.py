import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dada.errors import UserError
from dada.models import PyramidNet
from dada.models.shake_drop import ShakeDrop


def normal(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def count_by_hand(depth, alpha, classes, whole):
    """Weights of bottlenecks whose width grows by α / N a block, and two numbers a BN channel."""
    blocks = 3 * ((depth - 2) // 9)
    count, inputs, width = 3 * 9 * 16 + 2 * 16, 16, 16.0
    for _ in range(blocks):
        width += alpha / blocks
        inner, outputs = whole(width), 4 * whole(width)
        count += inputs * inner + 9 * inner**2 + inner * outputs
        count += 2 * (inputs + inner + inner + outputs)
        inputs = outputs
    return count + 2 * inputs + inputs * classes + classes


@pytest.mark.parametrize(
    ("depth", "alpha", "classes", "count", "millions"),
    [
        (272, 200, 10, 26_210_842, 26.0),
        (200, 240, 10, 26_752_702, 26.6),
        (272, 200, 100, 26_288_692, None),
    ],
)
def test_parameter_counts_are_those_of_the_published_networks(
    depth, alpha, classes, count, millions
):
    """Exact counts: the published code's networks, whose widths are rounded.

    Millions: Han et al. 2017, who round widths down.
    """
    with torch.device("meta"):
        network = PyramidNet(depth, alpha, classes)
    found = sum(p.numel() for p in network.parameters())
    assert found == count == count_by_hand(depth, alpha, classes, round)
    if millions:
        assert round(count_by_hand(depth, alpha, classes, math.floor) / 1e6, 1) == millions


def functional_pyramid_net(weights, x, depth, scales):
    """The published network on plain tensors, batch statistics, at a scale of a block's branch."""
    tensors = iter(weights)

    def norm(h):
        scale, shift = next(tensors), next(tensors)
        mean = h.mean((0, 2, 3), keepdim=True)
        variance = h.var((0, 2, 3), keepdim=True, unbiased=False)
        h = (h - mean) / (variance + 1e-5).sqrt()
        return h * scale[:, None, None] + shift[:, None, None]

    def pointwise(h):
        return torch.einsum("bihw,oi->bohw", h, next(tensors)[:, :, 0, 0])

    def halved(h):
        """Means of 2×2 pixels; a last odd row or column stands for its missing neighbour."""
        if h.shape[2] % 2:
            h = torch.cat([h, h[:, :, -1:]], 2)
            h = torch.cat([h, h[:, :, :, -1:]], 3)
        return sum(h[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4

    h = norm(F.conv2d(x, next(tensors), padding=1))
    for number, scale in enumerate(scales):
        stage, block = divmod(number, (depth - 2) // 9)
        stride = 2 if stage > 0 and block == 0 else 1
        inner = norm(pointwise(norm(h))).clamp(min=0)
        inner = norm(F.conv2d(inner, next(tensors), stride=stride, padding=1)).clamp(min=0)
        inner = scale * norm(pointwise(inner))
        kept = halved(h) if stride == 2 else h
        h = inner.clone()
        h[:, : kept.shape[1]] += kept
    return norm(h).clamp(min=0).mean((2, 3)) @ next(tensors).T + next(tensors)


@pytest.mark.parametrize(("depth", "alpha", "side"), [(11, 7, 16), (20, 10, 8), (20, 9, 9)])
def test_outputs_equal_an_independent_functional_version(depth, alpha, side):
    torch.manual_seed(0)
    network = PyramidNet(depth, alpha, classes=7).double()
    for parameter in network.parameters():  # BN scales and shifts away from 1 and 0
        nn.init.normal_(parameter, std=0.3)
    x = normal(4, 3, side, side)
    blocks = (depth - 2) // 3
    keeps = [1 - 0.5 * block / blocks for block in range(1, blocks + 1)]

    def drawn(keep):
        kept = torch.rand(1) < keep
        alpha, _ = 2 * torch.rand(4, 1, 1, 1) - 1, torch.rand(4, 1, 1, 1)
        return torch.ones(4, 1, 1, 1) if kept else alpha

    torch.manual_seed(7)
    scales = [drawn(keep) for keep in keeps]
    assert 0 < sum((scale == 1).all().item() for scale in scales) < blocks
    expected = functional_pyramid_net(list(network.parameters()), x, depth, scales)
    torch.manual_seed(7)
    torch.testing.assert_close(network(x), expected)
    for module in network.modules():
        if isinstance(module, ShakeDrop):
            module.eval()
    expected = functional_pyramid_net(list(network.parameters()), x, depth, keeps)
    torch.testing.assert_close(network(x), expected)


def test_shake_drop_decays_linearly_to_a_half():
    with torch.device("meta"):
        network = PyramidNet(56, 4, classes=10)
    keeps = [m.keep for m in network.modules() if isinstance(m, ShakeDrop)]
    assert keeps == pytest.approx([1 - 0.5 * block / 18 for block in range(1, 19)])
    assert keeps[-1] == 0.5


def test_without_shake_drop_training_draws_nothing_that_shows():
    network, x = PyramidNet(11, 4, classes=5, last_keep=1.0), torch.randn(2, 3, 8, 8)
    assert torch.equal(network(x), network(x))


def test_evaluation_draws_nothing():
    network = PyramidNet(11, 4, classes=5).eval()
    x = torch.randn(2, 3, 8, 8)
    state = torch.get_rng_state()
    assert torch.equal(network(x), network(x))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("side", [7, 8, 28, 33])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_side_and_channels(side, channels):
    network = PyramidNet(11, 4, classes=5, channels=channels)
    assert network(torch.randn(2, channels, side, side)).shape == (2, 5)


def test_weights_start_as_published():
    """Spreads within 4 standard errors of √(2 / fan-out)."""
    torch.manual_seed(0)
    network = PyramidNet(11, 48, classes=10)
    for conv in (m for m in network.modules() if isinstance(m, nn.Conv2d)):
        expected = (2 / (conv.kernel_size[0] ** 2 * conv.out_channels)) ** 0.5
        error = expected / (2 * conv.weight.numel()) ** 0.5
        assert abs(conv.weight.std().item() - expected) < 4 * error
        assert conv.bias is None
    assert all(m.momentum == 0.1 for m in network.modules() if isinstance(m, nn.BatchNorm2d))


def test_one_seed_one_network_and_one_training_step():
    def run():
        torch.manual_seed(3)
        network = PyramidNet(11, 4, 5)
        network(normal(4, 3, 8, 8).float()).square().sum().backward()
        return torch.cat([p.grad.flatten() for p in network.parameters()])

    assert torch.equal(run(), run())


@pytest.mark.parametrize(("depth", "nearest"), [(0, 11), (2, 11), (12, 11), (270, 272), (275, 272)])
def test_a_wrong_depth_names_the_nearest_right_one(depth, nearest):
    with pytest.raises(UserError, match=rf"depth {depth}: .* nearest is {nearest}$"):
        PyramidNet(depth, 200, 10)


def test_a_negative_alpha_is_refused():
    with pytest.raises(UserError, match="alpha -1: must be at least 0"):
        PyramidNet(11, -1, 10)
