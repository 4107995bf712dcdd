"""What may be shifted unnoticed: seen in gradients, held against shifting it."""

import pytest
import torch
from torch import nn

from dada.bilevel.shiftless import shiftless
from dada.models import create


class Squeeze(nn.Module):
    """A branch past the normalisation: what it is made of is felt."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.gate = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Conv2d(3, 4, 1)
        self.linear = nn.Linear(4, 5)

    def forward(self, x):
        y = self.bn(self.conv(x)) * self.gate(x.mean((2, 3), keepdim=True)).sigmoid()
        return self.linear(y.mean((2, 3)))


def sequence(*between):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), *between, nn.Flatten(), nn.LazyLinear(5))


NETWORKS = {
    "batch norm": (lambda: sequence(nn.BatchNorm2d(4)), {"0"}),
    "none": (lambda: sequence(nn.ReLU()), set()),
    "group norm": (lambda: sequence(nn.GroupNorm(2, 4)), set()),
    "after a ReLU": (lambda: sequence(nn.ReLU(), nn.BatchNorm2d(4)), set()),
    "after another convolution": (
        lambda: sequence(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)),
        {"0", "1"},
    ),
    "after a padded one": (
        lambda: sequence(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)),
        {"1"},
    ),
    "a gate": (Squeeze, {"conv"}),
}


def batch():
    return torch.randn(8, 3, 6, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", NETWORKS)
def test_it_is_what_may_be_shifted_without_moving_a_logit(kind):
    make, expected = NETWORKS[kind]
    model, images = make(), batch()
    model(images)  # for the lazy layer
    assert shiftless(model, images) == expected
    logits = model(images)
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            shift = torch.linspace(0.1, 1, logits.shape[1])[: layer.weight.shape[0]]

            def shifted(_, __, y, shift=shift):
                return y + shift.view(-1, *[1] * (y.ndim - 2))

            hook = layer.register_forward_hook(shifted)
            moved = (model(images) - logits).abs().max().item()
            hook.remove()
            assert (moved < 1e-5) == (name in expected), f"{name} moves a logit by {moved}"


def test_layers_over_tokens_are_left_alone():
    """A token's channels come last: a mean over the wrong axis would be taken out."""
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(3), nn.Flatten(), nn.Linear(12, 5))
    assert shiftless(model, torch.randn(8, 3, 6)) == set()


def test_every_convolution_of_the_paper_s_network_is():
    model = create("wrn-10-1", 10, 3)
    convolutions = {n for n, m in model.named_modules() if isinstance(m, nn.Conv2d)}
    assert shiftless(model, torch.randn(16, 3, 8, 8)) == convolutions


def test_looking_leaves_no_trace():
    model = sequence(nn.BatchNorm2d(4), nn.Dropout(0.5))
    model(batch())
    before = [b.clone() for b in model.buffers()]
    state = torch.get_rng_state()
    shiftless(model, batch())
    assert all(map(torch.equal, before, model.buffers()))
    assert torch.equal(state, torch.get_rng_state())
    assert all(p.grad is None for p in model.parameters())
    assert not any(m._forward_hooks for m in model.modules())
