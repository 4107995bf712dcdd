"""The three ways of batch normalisation give the same numbers, and the same derivatives."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call, jvp

from dada.models.batch_norm import (
    batch_statistics,
    elementary,
    forward_mode,
    fused,
    keep_statistics,
)


@pytest.fixture
def layer():
    torch.manual_seed(0)
    layer = nn.BatchNorm2d(3).double()
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    return layer


def normalised(layer, way):
    def run(weights, x):
        with batch_statistics(layer, way):
            return functional_call(layer, weights, (x,))

    return run


def images(seed):
    return 2 + torch.randn(
        6, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


@pytest.mark.parametrize("way", [fused, elementary, forward_mode])
def test_the_values_are_pytorchs(layer, way):
    weights = {name: p.detach() for name, p in layer.named_parameters()}
    expected = layer(images(0))
    torch.testing.assert_close(normalised(layer, way)(weights, images(0)), expected)


def test_running_statistics_are_left_alone(layer):
    before = [b.clone() for b in layer.buffers()]
    weights = {name: p.detach() for name, p in layer.named_parameters()}
    for way in (fused, elementary, forward_mode):
        normalised(layer, way)(weights, images(0))
    assert all(map(torch.equal, before, layer.buffers()))


@pytest.mark.parametrize("way", [elementary, forward_mode])
def test_the_tangent_is_a_central_difference(layer, way):
    weights = {name: p.detach() for name, p in layer.named_parameters()}
    direction = {name: torch.randn_like(p) for name, p in weights.items()}
    run = normalised(layer, way)
    tangent = jvp(run, (weights, images(0)), (direction, images(1)))[1]

    def at(step):
        moved = {name: p + step * direction[name] for name, p in weights.items()}
        return run(moved, images(0) + step * images(1))

    difference = (at(1e-6) - at(-1e-6)) / 2e-6
    torch.testing.assert_close(tangent, difference, atol=1e-8, rtol=1e-7)


def test_in_bfloat16_the_fast_tangent_is_as_good_as_the_elementary_one(layer):
    """Errors against float64; the means of products are what bfloat16 could spoil."""
    weights = {name: p.detach() for name, p in layer.named_parameters()}
    direction = {name: torch.randn_like(p) for name, p in weights.items()}
    exact = jvp(normalised(layer, elementary), (weights, images(0)), (direction, images(1)))[1]

    def error(way):
        low = [
            {k: v.bfloat16() if isinstance(v, torch.Tensor) else v for k, v in d.items()}
            for d in (weights, direction)
        ]
        primal, tangent = images(0).bfloat16(), images(1).bfloat16()
        found = jvp(normalised(layer, way), (low[0], primal), (low[1], tangent))[1]
        return ((found.double() - exact).norm() / exact.norm()).item()

    assert error(forward_mode) < 1.2 * error(elementary)


def test_a_layer_without_weights_works_too():
    layer = nn.BatchNorm2d(3, affine=False).double()
    run = normalised(layer, forward_mode)
    torch.testing.assert_close(run({}, images(0)), layer(images(0)))


def test_kept_statistics_are_used_and_never_updated(layer):
    for _ in range(3):
        layer(images(1))
    expected = copy.deepcopy(layer).eval()(images(0))
    before = [b.clone() for b in layer.buffers()]
    keep_statistics(layer)
    assert torch.equal(layer.train()(images(0)), expected)
    with batch_statistics(layer, elementary):
        assert torch.equal(layer(images(0)), expected)
    assert all(map(torch.equal, before, layer.buffers()))
    again = copy.deepcopy(layer)
    assert torch.equal(again.train()(images(0)), expected) and again.weight.requires_grad


def test_keeping_statistics_twice_changes_nothing(layer):
    keep_statistics(layer)
    kind = type(layer)
    keep_statistics(layer)
    assert type(layer) is kind and isinstance(layer, nn.BatchNorm2d)
