import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dada.errors import UserError
from dada.models import ShakeShake
from dada.models.shake_shake import Shake


def normal(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def count_by_hand(width, classes):
    """Weights of 26 layers: convolutions of k² · inputs · outputs, two numbers a channel of BN."""
    count, inputs = 3 * 9 * 16 + 16, 16
    for outputs in (width, 2 * width, 4 * width):
        branch = 9 * inputs * outputs + 2 * outputs + 9 * outputs**2 + 2 * outputs
        shortcut = inputs * outputs + 2 * outputs
        later = 2 * 9 * outputs**2 + 4 * outputs
        count += 2 * branch + shortcut + 3 * 2 * later
        inputs = outputs
    return count + inputs * classes + classes


@pytest.mark.parametrize(
    ("width", "classes", "count", "millions"),
    [
        (32, 10, 2_923_146, 2.9),
        (96, 10, 26_192_906, 26.2),
        (112, 10, 35_640_426, None),
        (96, 100, 26_227_556, None),
    ],
)
def test_parameter_counts_are_those_of_the_published_networks(width, classes, count, millions):
    """Exact counts: the weights that the published code's networks use; millions: Gastaldi 2017.

    The published blocks also have a shortcut where they do not use it.
    """
    with torch.device("meta"):
        network = ShakeShake(26, width, classes)
    found = sum(p.numel() for p in network.parameters())
    assert found == count == count_by_hand(width, classes)
    if millions:
        assert round(found / 1e6, 1) == millions


def functional_shake_shake(weights, x, depth, mixes):
    """The published network on plain tensors, batch statistics, at a mix of branches a block."""
    tensors = iter(weights)

    def norm(h):
        scale, shift = next(tensors), next(tensors)
        mean = h.mean((0, 2, 3), keepdim=True)
        variance = h.var((0, 2, 3), keepdim=True, unbiased=False)
        h = (h - mean) / (variance + 1e-5).sqrt()
        return h * scale[:, None, None] + shift[:, None, None]

    def branch(h, stride):
        h = norm(F.conv2d(h.clamp(min=0), next(tensors), stride=stride, padding=1))
        return norm(F.conv2d(h.clamp(min=0), next(tensors), padding=1))

    def shortcut(h, stride):
        h = h.clamp(min=0)
        moved = h.roll((-1, -1), (2, 3))
        moved[:, :, -1] = 0
        moved[:, :, :, -1] = 0
        halves = [
            torch.einsum("bihw,oi->bohw", half[:, :, ::stride, ::stride], next(tensors)[:, :, 0, 0])
            for half in (h, moved)
        ]
        return norm(torch.cat(halves, dim=1))

    h = F.conv2d(x, next(tensors), next(tensors), padding=1)
    for number, mix in enumerate(mixes):
        stage, block = divmod(number, (depth - 2) // 6)
        stride = 2 if stage > 0 and block == 0 else 1
        kept = shortcut(h, stride) if block == 0 else h
        first, second = branch(h, stride), branch(h, stride)
        h = mix * first + (1 - mix) * second + kept
    return h.clamp(min=0).mean((2, 3)) @ next(tensors).T + next(tensors)


def far_from_the_start(depth, width):
    """A network whose BN scales and shifts are away from 1 and 0."""
    torch.manual_seed(0)
    network = ShakeShake(depth, width, classes=7).double()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    return network


@pytest.mark.parametrize(("depth", "width", "side"), [(8, 4, 16), (14, 6, 12), (14, 4, 9)])
def test_outputs_equal_an_independent_functional_version(depth, width, side):
    network = far_from_the_start(depth, width)
    x = normal(4, 3, side, side)
    blocks = (depth - 2) // 2
    torch.manual_seed(5)
    draws = torch.rand(2 * blocks, 4, 1, 1, 1).double()
    expected = functional_shake_shake(list(network.parameters()), x, depth, draws[::2])
    torch.manual_seed(5)
    torch.testing.assert_close(network(x), expected)
    for module in network.modules():
        if isinstance(module, Shake):
            module.eval()
    expected = functional_shake_shake(list(network.parameters()), x, depth, [0.5] * blocks)
    torch.testing.assert_close(network(x), expected)


def test_a_block_is_shaken_in_closed_form():
    x, y, g = normal(3, 5, 2, 4, 4)
    x.requires_grad_()
    y.requires_grad_()
    torch.manual_seed(1)
    alpha, beta = torch.rand(5, 1, 1, 1), torch.rand(5, 1, 1, 1)
    torch.manual_seed(1)
    out = Shake()(x, y)
    torch.testing.assert_close(out, alpha * x + (1 - alpha) * y)
    to_x, to_y = torch.autograd.grad(out, (x, y), g)
    torch.testing.assert_close(to_x, beta * g)
    torch.testing.assert_close(to_y, (1 - beta) * g)


def test_every_image_has_uniform_mixes_of_its_own():
    """Means of α and β within 4 standard errors of ½, the mix in evaluation."""
    number = 10_000
    x, y = torch.ones(number, 1).requires_grad_(), torch.zeros(number, 1)
    torch.manual_seed(0)
    alpha = Shake()(x, y)
    (beta,) = torch.autograd.grad(alpha.sum(), x)
    for found in (alpha.detach(), beta):
        assert found.min() >= 0 and found.max() <= 1
        assert found.unique().numel() > 0.99 * number
        assert abs(found.mean().item() - 0.5) < 4 / (12 * number) ** 0.5
        assert abs(found.var().item() - 1 / 12) < 4 * (0.8 / number) ** 0.5 / 12
    assert torch.equal(Shake().eval()(x, y), torch.full_like(x, 0.5))


def test_evaluation_draws_nothing():
    network = ShakeShake(8, 4, classes=5).eval()
    x = torch.randn(2, 3, 8, 8)
    state = torch.get_rng_state()
    assert torch.equal(network(x), network(x))
    assert torch.equal(state, torch.get_rng_state())
    network.train()
    assert not torch.equal(network(x), network(x))


@pytest.mark.parametrize("side", [7, 8, 28, 33])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_side_and_channels(side, channels):
    network = ShakeShake(8, 4, classes=5, channels=channels)
    assert network(torch.randn(2, channels, side, side)).shape == (2, 5)


def test_weights_start_as_published():
    """Spreads within 4 standard errors of √(2 / fan-out)."""
    torch.manual_seed(0)
    network = ShakeShake(8, 32, classes=10)
    for conv in (m for m in network.modules() if isinstance(m, nn.Conv2d)):
        expected = (2 / (conv.kernel_size[0] ** 2 * conv.out_channels)) ** 0.5
        error = expected / (2 * conv.weight.numel()) ** 0.5
        assert abs(conv.weight.std().item() - expected) < 4 * error
    assert not network.linear.bias.any()
    biased = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.bias is not None]
    assert biased == [network.conv]
    assert all(m.momentum == 0.1 for m in network.modules() if isinstance(m, nn.BatchNorm2d))


def test_one_seed_one_network_and_one_training_step():
    def run():
        torch.manual_seed(3)
        network = ShakeShake(8, 4, 5)
        network(normal(4, 3, 8, 8).float()).square().sum().backward()
        return torch.cat([p.grad.flatten() for p in network.parameters()])

    assert torch.equal(run(), run())


@pytest.mark.parametrize(
    ("depth", "nearest"), [(0, 8), (2, 8), (9, 8), (24, 26), (25, 26), (28, 26)]
)
def test_a_wrong_depth_names_the_nearest_right_one(depth, nearest):
    with pytest.raises(UserError, match=rf"depth {depth}: .* nearest is {nearest}$"):
        ShakeShake(depth, 32, 10)


@pytest.mark.parametrize("width", [0, 33])
def test_an_odd_width_is_refused(width):
    with pytest.raises(UserError, match=rf"width {width}: must be even"):
        ShakeShake(26, width, 10)
