import copy
import pickle

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import dada
from dada.augment.epoch import Epoch
from dada.errors import UserError
from dada.policy import Operation, OperationList, Policy, PolicySchedule, Stage, SubPolicy

INVERT = OperationList((Operation("Invert", 1.0, 0.0),), (0.0, 1.0))
POSTERIZE = Policy((SubPolicy((Operation("Posterize", 1.0, 0.0),)),))
SCHEDULE = PolicySchedule((Stage(1, Policy.none()), Stage(2, INVERT), Stage(1, POSTERIZE)))
GREY = 100
EXPECTED = [GREY, 255 - GREY, 255 - GREY, GREY & 0b11110000]


class Greys(Dataset):
    def __init__(self, transform):
        self.transform = transform

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return self.transform(torch.full((3, 8, 8), GREY, dtype=torch.uint8))


def seen(batches):
    return {value for batch in batches for value in batch.unique().tolist()}


@pytest.mark.parametrize(
    ("workers", "start"),
    [(0, None), (2, "fork"), pytest.param(2, "spawn", marks=pytest.mark.slow)],
)
def test_a_loader_with_persistent_workers_follows(workers, start):
    """The workers are those of the first epoch, which hold a copy of everything else."""
    transform = SCHEDULE.transform(epochs=8)
    loader = DataLoader(
        Greys(transform),
        batch_size=3,
        num_workers=workers,
        persistent_workers=workers > 0,
        multiprocessing_context=start,
    )
    for epoch in range(8):
        transform.set_epoch(epoch)
        assert seen(loader) == {EXPECTED[epoch // 2]}, epoch


def test_batches_follow_too():
    transform = SCHEDULE.transform()
    for epoch in (3, 0, 2):  # in any order
        transform.set_epoch(epoch)
        images = torch.full((4, 3, 8, 8), GREY, dtype=torch.uint8)
        assert transform(images).unique().tolist() == [EXPECTED[epoch]]


def test_a_copy_goes_its_own_way_and_can_be_shared_again():
    transform = SCHEDULE.transform()
    transform.set_epoch(0)
    for other in (copy.deepcopy(transform), pickle.loads(pickle.dumps(transform))):
        loader = DataLoader(Greys(other), num_workers=1, persistent_workers=True)
        assert seen(loader) == {EXPECTED[0]}
        other.set_epoch(1)
        assert seen(loader) == {EXPECTED[1]}
        assert seen(Greys(transform)[i] for i in range(2)) == {EXPECTED[0]}


def test_a_sample_before_the_first_epoch_is_refused():
    """Every image under the first stage would be wrong in silence."""
    transform = SCHEDULE.transform()
    with pytest.raises(UserError, match=r"call set_epoch\(epoch\)"):
        transform(torch.zeros(3, 8, 8, dtype=torch.uint8))


def test_an_epoch_beyond_the_training_is_refused():
    transform = SCHEDULE.transform(epochs=8)
    with pytest.raises(UserError, match="epoch 8: the training has epochs 0 to 7"):
        transform.set_epoch(8)


def test_a_plain_policy_needs_no_epoch():
    transform = dada.PolicyTransform(POSTERIZE)
    image = torch.full((3, 8, 8), GREY, dtype=torch.uint8)
    assert transform(image).unique().tolist() == [EXPECTED[3]]
    transform.set_epoch(1000)
    assert transform(image).unique().tolist() == [EXPECTED[3]]
    assert Epoch(started=True).get() == 0


def test_it_prints_what_it_is():
    assert "schedule, 4 epochs in 3 stages" in repr(SCHEDULE.transform())
    assert "policy, 1 sub-policy" in repr(POSTERIZE.transform())
