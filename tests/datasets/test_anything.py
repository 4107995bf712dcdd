import numpy as np
import pytest
import torch
from PIL import Image

from dada.datasets import as_dataset, from_torch
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
    assert "232 training images of well, 8 of ill; balance=True" in notes[1]
    notes = as_dataset((Unequal(300), Unequal(300))).notes
    assert any(note.startswith("classes are unequal") for note in notes)


def test_labels_without_names_are_numbered_whatever_they_are():
    class Far(Pictures):
        def __getitem__(self, index):
            return super().__getitem__(index)[0], [10**12, 5][index % 2]

    dataset = as_dataset((Far(20), Far(4)))
    assert dataset.classes == ("5", "1000000000000")
    assert dataset.test.labels.tolist() == [1, 0, 1, 0]
    assert dataset.notes[0] == "labels 5, 1000000000000 are numbered from 0 to 1"


def test_names_of_classes_survive_a_random_split():
    whole = Pictures(40, classes=["cat", "dog"])
    parts = torch.utils.data.random_split(whole, [30, 10], torch.Generator().manual_seed(0))
    assert as_dataset(tuple(parts)).classes == ("cat", "dog")
    again = torch.utils.data.Subset(parts[0], range(20))
    assert as_dataset(again).classes == ("cat", "dog")


def test_names_of_classes_survive_being_put_together():
    parts = [Pictures(20, classes=["cat", "dog"]), Pictures(10, classes=["cat", "dog"])]
    assert as_dataset(torch.utils.data.ConcatDataset(parts)).classes == ("cat", "dog")
    parts.append(Pictures(10, classes=["dog", "cat"]))
    with pytest.raises(UserError, match="parts of a ConcatDataset have different classes"):
        as_dataset(torch.utils.data.ConcatDataset(parts))


@pytest.mark.parametrize(
    ("names", "labels"),
    [(["dog", "cat"], [1, 0, 1, 0]), (["dog", "fly", "cat"], [1, 2, 1, 2]), (None, [0, 1, 0, 1])],
)
def test_test_labels_are_matched_by_the_names_of_their_classes(names, labels):
    known = ["cat", "dog", "fly"]
    dataset = as_dataset((Pictures(20, classes=known), Pictures(4, classes=names)))
    assert dataset.test.labels.tolist() == labels and dataset.classes == ("cat", "dog", "fly")


def test_a_test_class_that_is_not_trained_on_is_refused():
    pair = Pictures(20, classes=["cat", "dog"]), Pictures(4, classes=["cat", "fly"])
    with pytest.raises(UserError, match="test classes 'fly' are missing from the training classes"):
        as_dataset(pair)


def test_several_labels_are_matched_by_name():
    class Several(Pictures):
        def __getitem__(self, index):
            return super().__getitem__(index)[0], [[1, 1, 0], [0, 0, 1]][index % 2]

    known, other = ["cat", "dog", "fly"], ["fly", "cat", "dog"]
    dataset = as_dataset((Several(20, classes=known), Several(2, classes=other)))
    assert dataset.test.labels.tolist() == [[1, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize(
    "two",
    [
        lambda train, test: [train, test],
        lambda train, test: {"train": train, "test": test},
        lambda train, test: {"train": train, "val": test},
    ],
    ids=["list", "mapping", "validation"],
)
def test_a_training_and_a_test_set_in_every_form(two):
    dataset = as_dataset(two(Pictures(20), Pictures(6)))
    assert (len(dataset.train), len(dataset.test)) == (20, 6)


def test_a_list_of_pictures_and_labels_is_one_dataset():
    pairs = [Pictures(20)[i] for i in range(20)]
    assert len(as_dataset(pairs).train) == 16
    assert len(from_torch(pairs[:2])) == 2
    images = as_dataset((pairs, pairs[:2]))
    assert (len(images.train), len(images.test)) == (20, 2)


def test_labels_that_are_one_hot_are_one_per_picture():
    class OneHot(Pictures):
        def __getitem__(self, index):
            return super().__getitem__(index)[0], [[1, 0, 0], [0, 0, 1]][index % 2]

    dataset = as_dataset((OneHot(20, classes=["ant", "bee", "cat"]), OneHot(4)))
    assert dataset.classes == ("ant", "bee", "cat")
    assert dataset.test.labels.tolist() == [0, 2, 0, 2]
    assert dataset.notes[0] == "labels are one-hot: read as one of 3 classes per image"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([Pictures(4), Pictures(4), Pictures(4)], "3 datasets: give two, one to train on and one"),
        ({"test": Pictures(4)}, "data has parts test: train is needed"),
        ({}, "data has parts none: train is needed"),
        ([], "list: has no items"),
        (7, "int: has no length"),
        (None, "NoneType: has no length"),
        (Pictures, "is the class Pictures: give an instance of it"),
        (
            torch.utils.data.DataLoader(Pictures(4)),
            "give a dataset, such as a DataLoader's .dataset",
        ),
        ([{"image": 1, "label": 0}] * 9, "list, item 0: is a dict: must be a pair"),
    ],
)
def test_what_has_no_one_meaning_is_refused(data, message):
    with pytest.raises(UserError, match=message):
        as_dataset(data)


def test_images_are_of_8_pixels_at_least():
    with pytest.raises(UserError, match="images are 10x7 pixels: at least 8x8 are needed"):
        as_dataset(Pictures(20, (1, 10, 7)))


def deep(highest, count=20):
    """Grey pictures of 16 bits, values from 0 to the highest one."""
    ramp = np.linspace(0, highest, 256).round().astype(np.uint16).reshape(16, 16)
    return [(Image.fromarray(np.roll(ramp, number)), number % 2) for number in range(count)]


@pytest.mark.parametrize(("highest", "bits"), [(4095, 12), (1023, 10), (65535, 16)])
def test_grey_of_16_bits_keeps_its_levels(highest, bits):
    dataset = as_dataset((deep(highest), deep(highest // 4, 4)))
    assert len(dataset.train.images[0].unique()) == 256
    assert dataset.test.images.max() == (255 * (highest // 4) + highest // 2) // highest
    assert any(f"{bits} bits" in note or bits == 16 for note in dataset.notes)
    assert sum("16-bit grey" in note for note in dataset.notes) == 1
    assert torch.equal(from_torch(deep(highest)).images, dataset.train.images)


@pytest.mark.parametrize(
    ("test", "judges"), [("testing", "dev"), ("Test", "valid"), ("eval", "val"), ("holdout", "dev")]
)
def test_parts_by_the_names_that_people_use(test, judges):
    data = {"training": Pictures(20), judges: Pictures(4), test: Pictures(6), "extra": Pictures(2)}
    dataset = as_dataset(data)
    found = (dataset.train, dataset.test, dataset.validation)
    assert [len(part) for part in found] == [20, 6, 4]
    assert f"{judges} is the validation set" in dataset.notes
    assert "extra is not used: 2 images" in dataset.notes
