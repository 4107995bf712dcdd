"""The look-ahead against PyTorch's own optimiser."""

import pytest
import torch
from torch import nn

from dada.bilevel import look_ahead


@pytest.mark.parametrize(
    "momentum",
    [
        {},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "dampening": 0.3},
    ],
)
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_the_look_ahead_is_the_optimisers_own_step(momentum, decay):
    torch.manual_seed(0)
    options = {"weight_decay": decay, **momentum}
    weight = nn.Parameter(torch.randn(5, dtype=torch.float64))
    sgd = torch.optim.SGD([weight], lr=0.1, **options)
    for _ in range(3):
        gradient = {"w": torch.randn(5, dtype=torch.float64)}
        buffer = sgd.state[weight].get("momentum_buffer")
        buffers = {} if buffer is None else {"w": buffer}
        ahead = look_ahead({"w": weight}, gradient, buffers, 0.1, **options)
        weight.grad = gradient["w"].clone()
        sgd.step()
        torch.testing.assert_close(ahead["w"], weight.detach(), atol=1e-15, rtol=1e-15)


def test_the_weights_stay_and_carry_no_graph():
    weight = nn.Parameter(torch.ones(3))
    ahead = look_ahead({"w": weight}, {"w": torch.ones(3)}, {}, 0.5)
    assert ahead["w"].tolist() == [0.5] * 3 and weight.tolist() == [1.0] * 3
    assert not ahead["w"].requires_grad
