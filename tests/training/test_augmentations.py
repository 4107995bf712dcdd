"""The augmentation of each epoch of a training."""

import pytest
import torch

from dada.augment.loader import MemoryLoader
from dada.policy import Operation, OperationList, Policy, PolicySchedule, Stage, SubPolicy, loads
from dada.runs import RunFolder
from dada.runs.recall import recall
from dada.training import train
from dada.training.augmentations import (
    BASELINE,
    PerEpoch,
    method,
    of_epoch,
    policy_method,
    space_for,
    unchanged,
)
from dada.training.training import Training

from .test_run import SMALL, StopAfter, same_weights
from .test_training import CPU, STILL, digits_of_noise, flat_network, settings

LISTED = OperationList((Operation("Rotate", 0.9, 0.9), Operation("Invert", 0.5, 0.0)))
ONE = Policy((SubPolicy((Operation("Posterize", 0.5, 0.0),)),))
SCHEDULE = PolicySchedule((Stage(1, LISTED), Stage(1, Policy.none()), Stage(1, ONE)), "mine")


def begun(augment, chosen):
    images = MemoryLoader(digits_of_noise(), STILL, CPU)
    return Training(chosen, flat_network(), images, STILL, augment, 0, CPU)


def weights(training):
    return torch.cat([p.detach().flatten() for p in training.child.model.parameters()])


def test_a_training_is_under_the_policy_of_each_epoch():
    """Against a training whose augmentation is changed by hand between the epochs."""
    chosen = settings(epochs=6)
    scheduled, by_hand = begun(policy_method(SCHEDULE).augment, chosen), begun(unchanged, chosen)
    seen = []
    for epoch in range(6):
        now = (LISTED.policy(), Policy.none(), ONE)[epoch // 2]
        by_hand.augment = policy_method(now).at(0, 1)
        scheduled.run_epoch()
        by_hand.run_epoch()
        assert torch.equal(weights(scheduled), weights(by_hand)), epoch
        seen.append(scheduled.randomness.get_state())
    assert torch.equal(seen[1], seen[3]), "no augmentation draws nothing"
    assert not torch.equal(seen[3], seen[5])


def test_a_training_goes_on_in_the_epoch_of_its_state():
    chosen, augment = settings(epochs=6), policy_method(SCHEDULE).augment
    whole, first, second = (begun(augment, chosen) for _ in range(3))
    for _ in range(6):
        whole.run_epoch()
    for _ in range(3):
        first.run_epoch()
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        second.run_epoch()
    assert torch.equal(weights(whole), weights(second))


def test_a_run_under_a_schedule_is_resumed_from_its_folder_alone(tmp_path):
    given = {**SMALL, "images": 40, "model": "proxy-4", "test_every": 3}
    train("digits", SCHEDULE, out=tmp_path / "whole", **given)
    with pytest.raises(KeyboardInterrupt):
        train("digits", SCHEDULE, out=tmp_path / "part", callback=StopAfter(1), **given)
    recalled = recall(tmp_path / "part")
    assert recalled.arguments["policy"] == SCHEDULE
    train(**recalled.arguments, out=tmp_path / "part", resume=True)
    assert same_weights(tmp_path / "whole", tmp_path / "part")
    [(name, text)] = RunFolder.open(tmp_path / "part").config["policies"].items()
    assert name == "mine" and loads(text) == SCHEDULE
    page = (tmp_path / "part" / "report.html").read_text()
    assert "A schedule of 3 epochs in 3 stages" in page


def test_what_draws_is_made_once_per_stage():
    of_method = policy_method(SCHEDULE)
    first = of_method.at(0, 6)
    assert of_method.at(1, 6) is first
    assert of_method.at(2, 6) is unchanged is policy_method(Policy.none()).at(0, 1)
    assert of_method.at(4, 6) is not first


def test_an_augmentation_may_be_the_same_in_every_epoch():
    assert of_epoch(unchanged, 3, 5) is unchanged is BASELINE.at(3, 5)
    by_number = PerEpoch(lambda epoch, epochs: (epoch, epochs))
    assert of_epoch(by_number, 3, 5) == (3, 5)
    assert method(SCHEDULE, space_for(1)).policy is SCHEDULE
