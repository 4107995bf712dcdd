import copy
import pickle

import numpy as np
import pytest
import torch
from pydantic import ValidationError

import dada
from dada.errors import UserError
from dada.policy import Operation, OperationList, Policy, PolicySchedule, Scale, Stage, SubPolicy


def only(name, probability=1.0, scale=None):
    turn = SubPolicy((Operation(name, probability, 0.5),))
    return Policy((turn,), scale or Scale(), name)


def schedule(*epochs, names=("Invert", "Equalize", "AutoContrast", "Rotate")):
    return PolicySchedule(tuple(Stage(n, only(a)) for n, a in zip(epochs, names, strict=False)))


@pytest.mark.parametrize("times", [1, 2, 9])
def test_a_multiple_of_its_length_repeats_every_epoch(times):
    """As PBA's code does: each stage's policy so many times."""
    chosen = schedule(3, 1, 4)
    expected = [stage.policy.name for stage in chosen.stages for _ in range(stage.epochs * times)]
    assert [chosen.at(e, 8 * times).name for e in range(8 * times)] == expected
    if times == 1:
        assert [chosen.at(e).name for e in range(8)] == expected


@pytest.mark.parametrize("epochs", [1, 3, 7, 29, 100])
def test_other_lengths_keep_the_shares(epochs):
    chosen = schedule(3, 1, 4)
    names = [chosen.at(e, epochs).name for e in range(epochs)]
    starts = [0, 3 / 8, 4 / 8]
    for e, name in enumerate(names):  # by the time at which the epoch begins
        assert (
            name
            == ("Invert", "Equalize", "AutoContrast")[
                sum(start <= e / epochs for start in starts) - 1
            ]
        )


@pytest.mark.parametrize(("epoch", "epochs"), [(8, None), (-1, 20), (20, 20)])
def test_an_epoch_beyond_the_training_is_refused(epoch, epochs):
    with pytest.raises(UserError, match=f"epoch {epoch}: the training has epochs 0 to"):
        schedule(3, 1, 4).at(epoch, epochs)


@pytest.mark.parametrize(
    ("epoch", "epochs", "reason"),
    [
        (1.5, None, "epoch 1.5: must be a whole number"),
        ("1", None, "epoch 1: must be a whole number"),
        (None, 4, "epoch None: must be a whole number"),
        (0, 2.5, "epochs 2.5: must be a whole number"),
        (0, 0, "epochs 0: a training has at least 1"),
        (0, -3, "epochs -3: a training has at least 1"),
    ],
)
def test_epochs_are_whole_numbers(epoch, epochs, reason):
    with pytest.raises(UserError, match=f"^{reason}$"):
        schedule(3, 1).at(epoch, epochs)
    if epoch == 0:
        with pytest.raises(UserError, match=f"^{reason}$"):
            schedule(3, 1).transform(epochs)


def test_whole_numbers_of_other_libraries_are_epochs():
    of_three = schedule(1, 1, 1)
    assert of_three.at(np.int64(1)) == of_three.at(torch.tensor(1)) == of_three.at(1)


def test_a_plain_policy_is_the_same_in_every_epoch():
    policy = only("Invert")
    assert policy.at(7, 10) is policy is policy.chosen(3) and policy.last_epoch is None


def test_a_stage_gives_one_object_as_long_as_it_lasts():
    """So that what draws from it is made once per stage."""
    operations = OperationList((Operation("Rotate", 0.5, 0.5), Operation("Invert", 0.5, 0.5)))
    chosen = PolicySchedule((Stage(2, operations), Stage(2, only("Invert"))), "mine", {"a": 1})
    first = chosen.at(0)
    assert first is chosen.at(1) is not chosen.at(2)
    assert first.sub_policies == operations.policy().sub_policies
    assert (first.name, first.provenance) == ("mine, stage 1 of 2", {"a": 1})


def test_one_epoch_is_chosen_by_its_number():
    chosen = schedule(3, 1, 4)
    assert [chosen.chosen(e).name for e in (1, 3, 4, 8)] == [
        *("Invert", "Invert", "Equalize", "AutoContrast")
    ]
    with pytest.raises(UserError, match=r"schedule is a schedule: choose an epoch from 1 to 8"):
        chosen.chosen(None)
    for epoch in (0, 9):
        with pytest.raises(UserError, match=f"no epoch {epoch}: schedule is a schedule"):
            chosen.chosen(epoch)


def test_frozen_comparable_and_picklable():
    chosen = schedule(3, 1, 4)
    with pytest.raises(AttributeError):
        chosen.name = "other"
    chosen.at(0)  # what it keeps is no part of it
    assert (
        pickle.loads(pickle.dumps(chosen)) == copy.deepcopy(chosen) == chosen == schedule(3, 1, 4)
    )
    assert chosen != schedule(3, 1, 5)


def test_what_matters_to_images_is_compared_without_names():
    chosen = schedule(3, 1)
    renamed = PolicySchedule(chosen.stages, "another", {"seed": 1})
    assert renamed.content == chosen.content and renamed != chosen
    assert chosen.content != schedule(3, 2).content
    assert only("Invert").content not in (chosen.content, only("Equalize").content)


def test_all_stages_have_one_scale():
    with pytest.raises(ValidationError, match="stage 1 has another scale than stage 0"):
        PolicySchedule((Stage(1, only("Invert")), Stage(1, only("Invert", 1.0, Scale("strength")))))
    assert schedule(1).scale == Scale()


def test_the_size_is_bounded():
    stage = Stage(1, only("Invert"))
    assert PolicySchedule((stage,) * 1000).epochs == 1000
    with pytest.raises(ValidationError, match="at most 1000"):
        PolicySchedule((stage,) * 1001)
    with pytest.raises(ValidationError):
        PolicySchedule(())
    large = Stage(1, Policy(only("Invert").sub_policies * 10_000))
    with pytest.raises(
        ValidationError, match="110,000 sub-policies in all stages: at most 100,000"
    ):
        PolicySchedule((large,) * 11)
    for epochs in (0, 1_000_001, 1.5, True):
        with pytest.raises(ValidationError):
            Stage(epochs, only("Invert"))


def test_no_augmentation():
    nothing = PolicySchedule((Stage(2, Policy.none()), Stage(2, only("Rotate", 0.0))))
    assert nothing.is_none and str(nothing) == "no augmentation: every operation has probability 0"
    assert not schedule(1, 2).is_none


def test_reach_is_the_mean_over_epochs():
    chosen = PolicySchedule((Stage(1, only("Invert", 0.5)), Stage(3, only("Rotate", 0.4))))
    assert chosen.reach() == pytest.approx({"Invert": 0.125, "Rotate": 0.3})


def test_rounded():
    rough = PolicySchedule(
        (
            Stage(2, only("Rotate", 1 / 3)),
            Stage(1, OperationList((Operation("Invert", 2 / 3, 0.5),))),
        )
    )
    first, second = (stage.policy for stage in rough.rounded().stages)
    assert first.sub_policies[0].operations[0].probability == 0.333333
    assert second.operations[0].probability == 0.666667


def test_what_takes_one_policy_refuses_a_schedule():
    chosen, images = schedule(3, 1), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    for take in (
        dada.Sampler,
        lambda given: dada.contact_sheet(images, given),
        dada.export.target("timm").source,
    ):
        with pytest.raises(UserError, match=r"choose an epoch from 1 to 4 with epoch=$"):
            take(chosen)


def test_a_schedule_is_public():
    assert dada.PolicySchedule is PolicySchedule
