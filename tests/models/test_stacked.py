"""A stack against its networks, one by one."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from dada.models import Proxy, Segmenter, create
from dada.models.child import Child, clipped
from dada.models.stacked import apart, joined, stack, stackable
from dada.models.stacked_child import StackedChild, clipped_apart

CPU = torch.device("cpu")


def several():
    """Networks of one architecture with every kind of layer that can be stacked."""
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.GroupNorm(3, 6), nn.SiLU()),
        nn.Conv2d(6, 4, 3, stride=2, groups=2, padding=1, padding_mode="reflect", bias=False),
        nn.BatchNorm2d(4),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.Identity(),
        nn.AdaptiveMaxPool2d(2),
        nn.AdaptiveAvgPool2d((1, 2)),
        nn.Flatten(),
        nn.Linear(8, 5, bias=False),
        nn.BatchNorm1d(5, affine=False),
        nn.GELU(),
        nn.Linear(5, 3),
    )


def proxy():
    return Proxy(4, 3, channels=2)


def segmenter():
    return Segmenter(4, 3, channels=2)


def networks(make, count=3):
    """Different weights, and statistics as after some training."""
    torch.manual_seed(0)
    made = [make() for _ in range(count)]
    for network in made:
        network(torch.randn(8, 2, 24, 24))
    return made


@pytest.mark.parametrize("make", [several, proxy, segmenter])
@pytest.mark.parametrize("training", [True, False])
def test_a_stack_gives_the_logits_of_its_networks_and_the_same_statistics(make, training):
    singles = [network.train(training) for network in networks(make)]
    whole = stack(singles).train(training)
    images = torch.randn(7, 3, 2, 24, 24)
    logits = whole(images.flatten(1, 2)).unflatten(1, (3, -1))
    for j, network in enumerate(singles):
        torch.testing.assert_close(logits[:, j], network(images[:, j]), atol=5e-6, rtol=1e-5)
    for state, network in zip(apart(whole.state_dict(), 3), singles, strict=True):
        torch.testing.assert_close(state, dict(network.state_dict()), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("make", [several, proxy, segmenter])
def test_states_go_there_and_back(make):
    states = [network.state_dict() for network in networks(make)]
    whole = stack(networks(make))
    assert {n: v.shape for n, v in joined(states).items()} == {
        n: v.shape for n, v in whole.state_dict().items()
    }
    for there, back in zip(states, apart(joined(states), 3), strict=True):
        assert list(there) == list(back)
        assert all(torch.equal(there[name], back[name]) for name in there)


def test_a_part_has_memory_of_its_own():
    """Saved as a view it would take the memory of all."""
    part = apart({"weight": torch.zeros(6, 2)}, 3)[1]["weight"]
    assert part.untyped_storage().nbytes() == part.numel() * 4


def test_networks_that_are_stacked_stay_as_they_are():
    single = proxy()
    before = copy.deepcopy(single.state_dict())
    whole = stack([single] * 2)
    whole(torch.randn(8, 4, 9, 9)).sum().backward()
    with torch.no_grad():
        for parameter in whole.parameters():
            parameter.add_(1)
    assert all(torch.equal(before[name], value) for name, value in single.state_dict().items())


def test_frozen_weights_stay_frozen():
    single = proxy()
    single.layers[0].weight.requires_grad_(False)
    assert not stack([single] * 2).layers[0].weight.requires_grad


def hooked():
    network = nn.Sequential(nn.ReLU())
    network.register_forward_hook(lambda *_: None)
    return network


def tied():
    linear = nn.Linear(4, 4)
    return nn.Sequential(nn.Flatten(), linear, nn.ReLU(), linear)


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.Conv2d(2, 3, 3), nn.Dropout(0.1)),
        nn.Sequential(nn.Linear(4, 4)),
        nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(2), nn.Linear(4, 4)),
        nn.Sequential(nn.MaxPool2d(2, return_indices=True)),
        nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 3, 3))),
        Residual(nn.Conv2d(2, 2, 3, padding=1)),
        hooked(),
        tied(),
        create("wrn-10-1", 3, 2),
    ],
    ids=["dropout", "rows", "partly-flat", "pairs", "weight-norm", "own", "hook", "tied", "wrn"],
)
def test_what_a_stack_might_compute_wrongly_is_refused(network):
    assert not stackable(network)
    with pytest.raises(ValueError, match="cannot be stacked"):
        stack([network] * 2)


def test_networks_of_two_architectures_are_refused():
    with pytest.raises(ValueError, match="one architecture"):
        stack([nn.Sequential(nn.LeakyReLU(0.1)), nn.Sequential(nn.LeakyReLU(0.2))])


def losses(logits, labels):
    return cross_entropy(logits, labels, reduction="none")


@pytest.mark.parametrize("make", [several, proxy])
def test_losses_and_gradients_are_those_of_each_network(make):
    singles, labels = networks(make), torch.arange(7) % 3
    whole = StackedChild(stack(singles), CPU, torch.float32, losses, 3)
    images = torch.randn(7, 3, 2, 24, 24)
    found = whole.gradient(images.flatten(1, 2), labels)
    for j, (part, network) in enumerate(zip(apart(found.weights, 3), singles, strict=True)):
        single = Child(network, CPU, torch.float32, losses).gradient(images[:, j], labels)
        torch.testing.assert_close(found.loss[j], single.loss)
        torch.testing.assert_close(part, single.weights, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("largest", [0.0, 0.5, 3.0])
def test_each_gradient_is_clipped_by_its_own_norm(largest):
    """Lengths of 0.5, 1 and 5, of which the bounds 0.5 and 3 touch two, and one."""
    directions = [{"a": torch.randn(4, 3), "b": torch.randn(4)} for _ in range(3)]
    gradients = []
    for length, one in zip((0.5, 1.0, 5.0), directions, strict=True):
        norm = torch.cat([g.flatten() for g in one.values()]).norm()
        gradients.append({name: g * length / norm for name, g in one.items()})
    found = apart(clipped_apart(joined(gradients), largest, 3), 3)
    for part, gradient in zip(found, gradients, strict=True):
        torch.testing.assert_close(part, clipped(gradient, largest))
