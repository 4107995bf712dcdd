import pytest
import torch

from dada.datasets import as_dataset
from dada.errors import UserError


class Pictures(torch.utils.data.Dataset):
    def __init__(self, count, shape=(3, 10, 10), classes=None):
        self.shape, self.count = shape, count
        if classes:
            self.classes = classes

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        pixels = torch.randint(256, self.shape, dtype=torch.uint8, generator=generator)
        return pixels, index % 2


def test_a_pytorch_dataset_gets_a_test_set():
    dataset = as_dataset(Pictures(50, classes=["cat", "dog"]))
    assert (len(dataset.train), len(dataset.test)) == (40, 10)
    assert dataset.classes == ("cat", "dog") and dataset.name == "Pictures"
    assert dataset.test.labels.bincount().tolist() == [5, 5]
    assert "held out" in dataset.notes[0]


def test_a_pair_is_to_train_and_to_test():
    dataset = as_dataset((Pictures(20), Pictures(6, (3, 12, 12))))
    assert (len(dataset.train), len(dataset.test)) == (20, 6)
    assert dataset.test.images.shape[2:] == (10, 10), "of the training images' size"
    assert dataset.classes == ("0", "1")
    assert torch.equal(dataset.train.images[3], Pictures(20)[3][0])


def test_what_is_known_stays_what_it_is(digits):
    assert as_dataset(digits) is digits
    assert as_dataset("digits").name == "digits"


def test_what_is_no_dataset_is_refused():
    with pytest.raises(UserError, match="has no length"):
        as_dataset(iter([]))


class Unequal(Pictures):
    def __getitem__(self, index):
        return super().__getitem__(index)[0], int(index % 30 == 0)


def test_unequal_classes_are_mentioned():
    notes = as_dataset(Unequal(300, classes=["well", "ill"])).notes
    assert "232 training images of well, 8 of ill; --set balance=true" in notes[1]
    assert as_dataset((Unequal(300), Unequal(300))).notes[0].startswith("classes are unequal")
