"""The child's learning rate, against PyTorch's cosine schedule."""

import pytest
import torch

from dada.searching.methods.dada.one_step.schedule import learning_rate, progress
from dada.searching.methods.dada.one_step.settings import OneStepSettings


def test_an_unchanged_plan_gives_the_usual_cosine() -> None:
    settings = OneStepSettings(lr=0.1, lr_min=0.001)
    optimiser = torch.optim.SGD([torch.zeros(1)], 0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 20, eta_min=0.001)
    for epoch in range(20):
        assert learning_rate([20] * 20, epoch, settings) == pytest.approx(
            optimiser.param_groups[0]["lr"], rel=1e-12
        )
        optimiser.step()
        schedule.step()


def test_a_changed_plan_still_ends_at_the_end() -> None:
    plan = [4, 4, 4, 9, 9, 9, 9, 9, 9]
    rates = [progress(plan, epoch) for epoch in range(10)]
    assert rates == sorted(rates) and rates[0] == 0 and rates[3] == 0.75 and rates[-1] == 1


def test_a_rate_below_the_smallest_stays() -> None:
    assert learning_rate([4] * 4, 3, OneStepSettings(lr=0.0005, lr_min=0.001)) == 0.0005
