"""Rewards from the train gradient's own pass against forward mode and each image's gradient."""

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from dada.bilevel import Trace, exact_rewards, traceable
from dada.bilevel.trace import _statistics
from dada.models import create
from dada.models.batch_norm import batch_statistics, elementary

LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


def network(normalise=nn.Identity):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, stride=2),
        normalise(4),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 4, 3, groups=2, bias=False),
        nn.Flatten(),
        nn.LayerNorm(4),
        nn.Linear(4, 3),
    ).double()


def traced_and_exact(model, images):
    weights = dict(model.named_parameters())
    direction = {name: torch.randn_like(w) for name, w in weights.items()}

    def losses(w, x):
        with batch_statistics(model, elementary):
            return cross_entropy(functional_call(model, w, (x,)), LABELS, reduction="none")

    trace = Trace(model, images)
    with trace:
        torch.autograd.grad(cross_entropy(model(images), LABELS), list(weights.values()))
    return trace.rewards(direction), exact_rewards(losses, weights, direction, images).value


def images():
    return torch.randn(6, 3, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("normalise", [nn.Identity, lambda c: nn.GroupNorm(2, c)])
def test_without_batch_normalisation_they_are_the_exact_rewards(normalise):
    traced, exact = traced_and_exact(network(normalise), images())
    # The rewards come as float32.
    torch.testing.assert_close(traced, exact.float(), rtol=1e-6, atol=1e-6)


def test_with_batch_normalisation_their_sum_is_the_exact_one():
    traced, exact = traced_and_exact(network(nn.BatchNorm2d), images())
    torch.testing.assert_close(traced.sum(), exact.sum().float(), rtol=1e-6, atol=1e-6)
    assert not torch.allclose(traced, exact.float(), rtol=1e-3), "shared differently: documented"


def test_where_batch_normalisation_follows_no_image_answers_for_the_mean():
    """Against each layer's rows by hand: ⟨∂ℓ/∂y of an image, f(x; v) less its mean⟩."""
    model, batch = network(nn.BatchNorm2d), images()
    direction = {name: torch.randn_like(w) for name, w in model.named_parameters()}
    plain, trace = Trace(model, batch), Trace(model, batch)
    assert trace.shiftless == {"0"}, "the last convolution meets a LayerNorm"
    plain.shiftless = frozenset()
    outputs = {}
    model[0].register_forward_hook(lambda _, __, y: outputs.update(y=y))
    found = []
    for kind in (plain, trace):
        with kind:
            loss = cross_entropy(model(batch), LABELS)
            gradient, *_ = torch.autograd.grad(loss, [outputs["y"], *model.parameters()])
        found.append(kind.rewards(direction))
    moved = torch.conv2d(batch, direction["0.weight"], direction["0.bias"], stride=2, padding=1)
    mean = moved.mean((0, 2, 3))
    expected = found[0] - 6 * (gradient.sum((2, 3)) @ mean)
    torch.testing.assert_close(found[1], expected.float(), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(found[0], found[1], rtol=0.01)


def test_they_are_rows_of_the_gradient_itself():
    """Σ over images of an image's share is ⟨v, ∇w Σ ℓ⟩ for every v: try the unit vectors."""
    model = network(nn.BatchNorm2d)
    weights = dict(model.named_parameters())
    gradient = dict(
        zip(
            weights,
            torch.autograd.grad(6 * cross_entropy(model(images()), LABELS), weights.values()),
            strict=True,
        )
    )
    zero = {name: torch.zeros_like(w) for name, w in weights.items()}
    for name in ("0.weight", "0.bias", "1.weight", "1.bias", "3.weight", "5.weight", "6.bias"):
        direction = {**zero, name: torch.zeros_like(weights[name])}
        direction[name].view(-1)[1] = 1.0
        trace = Trace(model, images())
        with trace:
            torch.autograd.grad(cross_entropy(model(images()), LABELS), list(weights.values()))
        expected = gradient[name].flatten()[1].item()
        assert trace.rewards(direction).sum().item() == pytest.approx(expected, abs=1e-6), name


def test_tracing_changes_neither_the_gradient_nor_the_running_statistics():
    plain, traced = network(nn.BatchNorm2d), network(nn.BatchNorm2d)
    trace = Trace(traced, images())
    with trace:
        kept = torch.autograd.grad(cross_entropy(traced(images()), LABELS), traced.parameters())
    weights = {name: torch.zeros_like(w) for name, w in traced.named_parameters()}
    trace.rewards(weights)
    expected = torch.autograd.grad(cross_entropy(plain(images()), LABELS), plain.parameters())
    for a, b in zip(kept, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    for a, b in zip(traced.buffers(), plain.buffers(), strict=True):
        assert torch.equal(a, b)


def test_what_is_not_linear_in_its_weights_is_not_traceable():
    assert traceable(create("wrn-10-1", 10, 3)) and traceable(network(nn.BatchNorm2d))
    assert not traceable(nn.Sequential(nn.Linear(2, 2), nn.PReLU()))
    assert not traceable(nn.MultiheadAttention(4, 2))


def test_shared_and_frozen_weights_are_not_traceable():
    shared = nn.Linear(2, 2)
    shared_twice = nn.Sequential(shared, nn.Linear(2, 2))
    shared_twice[1].weight = shared.weight
    assert not traceable(shared_twice)
    frozen = network()
    frozen[0].weight.requires_grad_(False)
    assert not traceable(frozen)


def test_weights_used_behind_their_layers_back_are_an_error():
    class Behind(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            return nn.functional.linear(x, self.layer.weight, self.layer.bias)

    trace = Trace(Behind(), torch.ones(2, 2))
    with pytest.raises(RuntimeError, match="no backward pass through layer"):
        trace.rewards({})


def test_layers_that_only_look_linear_are_not_traceable():
    class Standardised(nn.Conv2d):
        def forward(self, x):
            return nn.functional.conv2d(x, self.weight - self.weight.mean())

    assert not traceable(Standardised(1, 1, 1))
    assert not traceable(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))
    hooked = nn.Linear(2, 2)
    hooked.register_forward_pre_hook(lambda layer, x: None)
    assert not traceable(hooked)


def test_a_batch_s_statistics_are_read_off_the_backward_pass_or_taken_again():
    layer, x = nn.BatchNorm2d(3).double(), images()
    output = layer(x)
    for seen in (output, output * 1):  # a node that is not known to keep them
        mean, inverse = _statistics(layer, x, seen)
        torch.testing.assert_close(mean, x.mean((0, 2, 3)))
        variance = x.var((0, 2, 3), correction=0)
        torch.testing.assert_close(inverse, (variance + layer.eps).rsqrt())
