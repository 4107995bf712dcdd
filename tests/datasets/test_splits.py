import re

import numpy as np
import pytest
import torch
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from dada.datasets import (
    PAPER_REDUCED,
    Dataset,
    ImageSet,
    at_most,
    halve,
    halves,
    hold_out,
    reduced,
    size_with_shares,
)
from dada.datasets.splits import split_off_test_set
from dada.errors import UserError
from dada.training.settings import for_dataset, make_settings

NAMES = tuple("0123456789")
LABELS = np.random.default_rng(0).choice(5, 997, p=[0.4, 0.3, 0.15, 0.1, 0.05])


def sklearn_split(labels, n_splits, test_size, seed):
    splitter = StratifiedShuffleSplit(n_splits=n_splits, test_size=test_size, random_state=seed)
    return next(splitter.split(list(range(len(labels))), labels))


@pytest.mark.parametrize("seed", [0, 1, 7])
@pytest.mark.parametrize("size", [5, 100, 900])
def test_reduced_is_scikit_learns_split_index_for_index(size, seed):
    expected, _ = sklearn_split(LABELS, 1, len(LABELS) - size, seed)
    np.testing.assert_array_equal(reduced(LABELS, size, seed), expected)
    assert len(expected) == size


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_halves_are_the_first_of_scikit_learns_five_splits(seed):
    train, valid = halves(LABELS, seed)
    expected_train, expected_valid = sklearn_split(LABELS, 5, 0.5, seed)
    np.testing.assert_array_equal(train, expected_train)
    np.testing.assert_array_equal(valid, expected_valid)
    assert (len(train), len(valid)) == (498, 499)
    assert sorted([*train, *valid]) == list(range(997))


def test_hold_out_is_scikit_learns_split_index_for_index():
    for fraction in (0.2, 0.1):
        expected = sklearn_split(LABELS, 1, fraction, 3)
        for ours, theirs in zip(hold_out(LABELS, fraction, 3), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_tensors_and_lists_split_as_arrays_do():
    for same in (torch.from_numpy(LABELS), LABELS.tolist()):
        np.testing.assert_array_equal(reduced(same, 100), reduced(LABELS, 100))
        np.testing.assert_array_equal(halves(same)[0], halves(LABELS)[0])


@pytest.mark.parametrize("size", [997, 5000])
def test_a_reduced_set_of_all_is_all_in_order(size):
    np.testing.assert_array_equal(reduced(LABELS, size), np.arange(997))


def test_the_papers_reduced_cifar10_keeps_400_of_each_class():
    labels = np.repeat(np.arange(10), 5000)
    chosen = reduced(labels, PAPER_REDUCED["cifar10"])
    assert np.bincount(labels[chosen]).tolist() == [400] * 10
    train, _ = halves(labels[chosen])
    assert np.bincount(labels[chosen][train]).tolist() == [200] * 10


def test_five_of_each_class_are_enough_to_hold_out_and_halve():
    rng = np.random.default_rng(0)
    for _ in range(200):
        counts = rng.integers(5, rng.integers(6, 40), size=rng.integers(2, 12))
        labels = np.repeat(np.arange(len(counts)), counts)
        train, test = hold_out(labels)
        assert np.bincount(labels[test], minlength=len(counts)).min() >= 1
        assert np.bincount(labels[train], minlength=len(counts)).min() >= 2
        for half in halves(labels[train]):
            assert np.bincount(labels[train][half], minlength=len(counts)).min() >= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: hold_out([0] * 9 + [1] * 4 + [2] * 2, classes=["ant", "bee", "cat"]),
            "holding out 20 % of the images as a test set needs at least 5 images of each class: "
            "'bee' has 4, 'cat' has 2",
        ),
        (
            lambda: halves([0, 0, 1]),
            "splitting images into a training and a validation half needs at least 2 images of "
            "each class: '1' has 1",
        ),
        (
            lambda: halves([*range(8)]),
            "'0' has 1, '1' has 1, '2' has 1, '3' has 1, '4' has 1 and 3 more classes",
        ),
        (lambda: halves([]), "needs at least 2 images of each class: there are none"),
        (
            lambda: reduced([0, 1, 2] * 10, 2),
            "a reduced set of 2 of 30 images in 3 classes cannot keep the class shares: must be "
            "at least 3",
        ),
        (lambda: reduced([0, 1, 2] * 10, -1), "a reduced set of -1 of 30"),
        (lambda: hold_out([0, 1] * 10, 0.7), "held-out share 0.7: must be above 0 and at most 0.5"),
    ],
)
def test_too_few_images_is_a_clear_error(call, message):
    with pytest.raises(UserError, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    ("size", "chosen"), [(26, 26), (27, 27), (28, 27), (29, 27), (30, 30), (31, 30)]
)
def test_a_reduced_set_leaves_one_image_of_each_class_or_none(size, chosen):
    """As scikit-learn demands of both sides of a stratified split."""
    labels = [0, 1, 2] * 10
    rows = reduced(labels, size)
    assert len(rows) == len(np.unique(rows)) == chosen == size_with_shares(labels, size)
    assert max(np.bincount(np.array(labels)[rows])) - min(np.bincount(np.array(labels)[rows])) <= 1


def test_of_many_images_the_usual_number_is_used_whatever_is_left_over():
    """With the defaults, no number of images is refused."""
    labels = torch.arange(4003) % 10
    pictures = torch.zeros(4003, 1, 8, 8, dtype=torch.uint8)
    data = Dataset("some", ImageSet(pictures, labels), ImageSet(pictures[:50], labels[:50]), NAMES)
    chosen = for_dataset(make_settings(), data, accelerated=False)
    assert chosen.images == len(reduced(labels, chosen.images)) == 3993


def test_an_image_alone_in_its_class_is_trained_on():
    labels = np.array([0] * 40 + [1] * 30 + [2])
    chosen = reduced(labels, 21)
    rest, _ = sklearn_split(labels[:70], 1, 50, 0)
    assert chosen.tolist() == [*rest, 70], "the others as scikit-learn splits them"
    train, valid = halves(labels)
    expected_train, expected_valid = sklearn_split(labels[:70], 5, 0.5, 0)
    assert train.tolist() == [*expected_train, 70] and valid.tolist() == expected_valid.tolist()


def test_small_classes_of_a_reduced_set_can_be_halved():
    labels = np.repeat([0, 1, 2, 3], [500, 490, 7, 3])
    for size in (100, 200, 300):
        rows = reduced(labels, size)
        train, valid = halves(labels[rows])
        assert sorted([*train, *valid]) == list(range(size))


def with_copies_of_the_first(copies, labels=(0, 1)):
    """100 images, no two alike but for so many copies of image 0."""
    pixels = torch.arange(100 * 64).view(100, 1, 8, 8) * 7 % 251
    pixels[50 : 50 + copies] = pixels[0]
    return ImageSet(pixels.to(torch.uint8), torch.tensor(labels).repeat(50))


def sides(first, second):
    """Contents that are on both sides."""
    return set(first.contents()) & set(second.contents())


@pytest.mark.parametrize("copies", [0, 1, 7, 30])
def test_copies_of_an_image_stay_on_one_side_of_every_split(copies):
    images = with_copies_of_the_first(copies)
    train, test, notes = split_off_test_set("mine", images, ["ant", "bee"])
    assert not sides(train, test)
    assert len(train) + len(test) == 100
    assert not sides(*halve(images)) and sum(map(len, halve(images))) == 100
    said = [note for note in notes if "exact cop" in note]
    assert said == {
        0: [],
        1: ["1 image is an exact copy of another: copies stay on the same side of every split"],
    }.get(
        copies, [f"{copies} images are exact copies: copies stay on the same side of every split"]
    )


def test_without_copies_the_split_is_scikit_learns():
    images = with_copies_of_the_first(0)
    train, valid = halve(images)
    expected_train, expected_valid = sklearn_split(images.labels.numpy(), 5, 0.5, 0)
    assert torch.equal(train.images, images.images[torch.from_numpy(expected_train)])
    assert torch.equal(valid.images, images.images[torch.from_numpy(expected_valid)])


def test_images_that_are_all_the_same_are_split_all_the_same():
    grey = ImageSet(torch.full((20, 1, 8, 8), 128, dtype=torch.uint8), torch.arange(20) % 2)
    train, test, notes = split_off_test_set("grey", grey, ["ant", "bee"])
    assert (len(train), len(test)) == (16, 4)
    assert notes[1] == "19 images are exact copies, on both sides of the split"
    assert [len(half) for half in halve(grey)] == [10, 10]


def test_a_class_too_small_to_hold_out_of_stays_whole():
    labels = torch.tensor([0] * 10 + [1] * 4 + [2] * 10 + [3])
    images = ImageSet(torch.arange(25, dtype=torch.uint8)[:, None, None, None], labels)
    train, test, (note,) = split_off_test_set("mine", images, ["ant", "bee", "cat", "dog"])
    assert test.labels.bincount(minlength=4).tolist() == [2, 0, 2, 0]
    assert train.labels.bincount(minlength=4).tolist() == [8, 4, 8, 1]
    every = torch.cat([train.images, test.images]).flatten().tolist()
    assert sorted(every) == list(range(25)), "each image once"
    assert note.endswith("(4 of 25); none from classes with fewer than 5 images: "
                         "'bee' has 4, 'dog' has 1")  # fmt: skip
    with pytest.raises(UserError, match="at least 5 images of each class: 'ant' has 4, 'bee' has"):
        split_off_test_set("mine", images.subset([0, 1, 2, 3, 10, 11]), ["ant", "bee"])
    with pytest.raises(UserError, match=r"no test images found, and .*: 'bee' has 4; add images"):
        split_off_test_set("mine", images.subset(range(14)), ["ant", "bee"])


def test_several_labels_an_image_are_split_as_they_come():
    """As scikit-learn's ShuffleSplit does: not every combination of labels is there twice."""
    labels = (torch.rand(50, 4, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    expected = next(ShuffleSplit(1, test_size=0.2, random_state=0).split(labels))
    for mine, theirs in zip(hold_out(labels), expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    train, valid = halves(labels)
    assert sorted([*train, *valid]) == list(range(50)) and len(train) == 25
    assert len(set(reduced(labels, 20))) == 20


@pytest.mark.parametrize("most", [1, 2, 3, 10, 50, 97, 98, 99, 100, 300])
def test_at_most_so_many_whatever_their_number(most):
    labels = np.array([0] * 60 + [1] * 39 + [2])
    chosen = at_most(labels, most)
    assert len(set(chosen.tolist())) == len(chosen) <= most
    assert len(chosen) >= min(most, 97)
    shares = np.bincount(labels[chosen], minlength=2)[:2]
    if most > 2:
        assert abs(shares[0] - 60 / 99 * shares.sum()) <= 1
    assert np.array_equal(chosen, at_most(labels, most))


def test_at_most_so_many_where_the_rest_could_not_keep_the_shares():
    labels = np.arange(100) % 60
    assert len(np.unique(at_most(labels, 70))) == 70
    several = np.ones((10, 3), np.float32)
    assert [len(at_most(several, most)) for most in (1, 9, 10)] == [1, 9, 10]
