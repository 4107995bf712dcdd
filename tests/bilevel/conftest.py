from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy


@pytest.fixture
def problem():
    """A small smooth network in float64 in the middle of its training by SGD with momentum.

    `losses` of six training images, `validation` loss at any weights, and a `direction`.
    """
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    weights = dict(model.named_parameters())
    images, valid = torch.randn(2, 6, 3, 2, 2, dtype=torch.float64)

    def losses(w, x):
        return cross_entropy(functional_call(model, w, (x,)), labels, reduction="none")

    return SimpleNamespace(
        losses=losses,
        validation=lambda w: losses(w, valid).mean(),
        weights=weights,
        images=images,
        direction={name: torch.randn_like(w) for name, w in weights.items()},
        buffers={name: torch.randn_like(w) for name, w in weights.items()},
    )
