import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, MultiStepLR, SequentialLR

from dada.training.schedule import learning_rate
from dada.training.settings import TrainSettings


def by_pytorch(schedulers, milestone, count, lr):
    """The learning rates that PyTorch's schedulers give, one an epoch."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr)
    schedule = SequentialLR(optimiser, [make(optimiser) for make in schedulers], [milestone])
    rates = []
    for _ in range(count):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return rates


@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.parametrize("schedule", ["cosine", "steps"])
def test_warm_up_cosine_and_steps_are_pytorchs(schedule):
    settings = TrainSettings(
        lr=0.4, warmup=5, warmup_from=0.25, epochs=45, schedule=schedule, milestones=(20, 30)
    )
    expected = by_pytorch(
        [
            lambda o: LinearLR(o, 0.25, 1, 5),
            (lambda o: CosineAnnealingLR(o, 40))
            if schedule == "cosine"
            else (lambda o: MultiStepLR(o, [15, 25])),  # counted from the end of the warm-up
        ],
        5,
        45,
        0.4,
    )
    assert [learning_rate(epoch, settings) for epoch in range(45)] == pytest.approx(expected)


def test_the_rate_moves_within_an_epoch_and_arrives_at_0():
    settings = TrainSettings(lr=1.0, warmup=5, epochs=105)
    assert learning_rate(2.5, settings) == pytest.approx(0.5)
    assert learning_rate(55, settings) == pytest.approx(0.5)
    assert learning_rate(105, settings) == pytest.approx(0)


def test_the_first_step_is_not_wasted_and_short_trainings_warm_up_briefly():
    assert 0 < learning_rate(0, TrainSettings(lr=1.0, warmup=5, epochs=100)) < 0.05
    short = TrainSettings(lr=1.0, warmup=5, epochs=4)
    assert learning_rate(1, short) == pytest.approx(1)
