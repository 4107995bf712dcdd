import copy

import pytest
import torch
from torch import nn

from dada.models.child import Child
from dada.tasks.classification import CROSS_ENTROPY
from dada.training.optimiser import adamw, set_rate, sgd
from dada.training.settings import TrainSettings


def child():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Linear(5, 3))
    return Child(network, torch.device("cpu"), torch.float32, CROSS_ENTROPY)


def data():
    return torch.randn(8, 3, 2, 2), torch.arange(8) % 3


@pytest.mark.parametrize("kind", [sgd, adamw])
def test_steps_are_those_of_pytorch(kind):
    ours, settings = child(), TrainSettings(lr=0.1, momentum=0.5, weight_decay=0.2)
    theirs = copy.deepcopy(ours.model)
    optimiser = kind(ours, settings)
    if kind is sgd:
        reference = torch.optim.SGD(theirs.parameters(), 0.1, 0.5, weight_decay=0.2)
    else:
        first, norm, last = theirs[1], theirs[2], theirs[3]
        decayed = {"params": [first.weight, last.weight], "weight_decay": 0.2}
        others = [first.bias, *norm.parameters(), last.bias]
        reference = torch.optim.AdamW([decayed, {"params": others, "weight_decay": 0.0}], 0.1)
    for rate in (0.1, 0.03):
        set_rate(optimiser, rate)
        for group in reference.param_groups:
            group["lr"] = rate
        images, labels = data()
        ours.descend(optimiser, ours.gradient(images, labels).weights)
        reference.zero_grad()
        nn.functional.cross_entropy(theirs.train()(images), labels).backward()
        reference.step()
    for own, their in zip(ours.model.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(own, their)
