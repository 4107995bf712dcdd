"""Small parts to train on, against scikit-learn's own; copies, rare classes and what cannot be."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.model_selection import KFold, StratifiedKFold

from dada.datasets import ImageSet, folds
from dada.errors import UserError

LABELS = np.random.default_rng(0).choice(4, 203, p=[0.4, 0.3, 0.2, 0.1])


def images_of(labels, contents=None):
    """As many images, each with a number of its own, or the given ones, in its pixels."""
    numbers = torch.arange(len(labels)) if contents is None else torch.as_tensor(contents)
    pixels = torch.zeros(len(labels), 1, 1, 8, dtype=torch.uint8)
    pixels[:, 0, 0, 0], pixels[:, 0, 0, 1] = numbers % 256, numbers // 256
    return ImageSet(pixels, torch.as_tensor(labels))


def numbers(images):
    """Which images these are, in their order."""
    first, second = images.images[:, 0, 0, :2].long().unbind(1)
    return (first + 256 * second).tolist()


@pytest.mark.parametrize(
    ("count", "size", "splits"),
    [(1, 50, 4), (4, 50, 4), (3, 20, 10), (4, 30, 6), (5, 100, 5), (1, 200, 2), (2, 1000, 2)],
)
@pytest.mark.parametrize("seed", [0, 3])
def test_they_are_scikit_learns_index_for_index(count, size, splits, seed):
    found = folds(images_of(LABELS), count, size, seed)
    expected = StratifiedKFold(splits, shuffle=True, random_state=seed).split(LABELS, LABELS)
    assert len(found) == count
    for (part, rest), (others, mine) in zip(found, expected, strict=False):
        assert numbers(part) == mine.tolist() and numbers(rest) == others.tolist()
        assert part.labels.tolist() == LABELS[mine].tolist()


@pytest.mark.parametrize(("count", "size"), [(4, 30), (4, 1000)])
def test_parts_are_disjoint_and_judged_by_all_others(count, size):
    found = folds(images_of(LABELS), count, size)
    parts = [numbers(part) for part, _ in found]
    seen = [number for part in parts for number in part]
    assert len(seen) == len(set(seen))
    for part, (_, rest) in zip(parts, found, strict=True):
        assert sorted(part + numbers(rest)) == list(range(len(LABELS)))
    if size == 1000:  # more than there are
        assert sorted(seen) == list(range(len(LABELS)))


@pytest.mark.parametrize("size", [20, 50])
def test_every_part_has_each_classs_share(size):
    shares = np.bincount(LABELS) / len(LABELS)
    for part, _ in folds(images_of(LABELS), 3, size):
        assert size - 1 <= len(part) <= 1.2 * size
        found = np.bincount(part.labels, minlength=4)
        assert (np.abs(found - shares * len(part)) < 2).all()


def test_copies_stay_on_the_same_side():
    random = np.random.default_rng(1)
    contents = random.integers(0, 60, 200)  # three of each, about
    labels = contents % 3
    for part, rest in folds(images_of(labels, contents), 4, 30):
        assert not set(numbers(part)) & set(numbers(rest))
        assert sorted(numbers(part) + numbers(rest)) == sorted(contents.tolist())
        assert (np.array(numbers(part)) % 3 == part.labels.numpy()).all()


def test_where_nearly_all_are_copies_they_are_split():
    labels = np.arange(40) % 2
    found = folds(images_of(labels, labels), 2, 20)  # two different images in all
    assert [(len(part), len(rest)) for part, rest in found] == [(20, 20), (20, 20)]


@pytest.mark.parametrize("rare", [1, 2])
def test_a_class_with_fewer_images_than_parts_is_in_some_of_them_without_a_warning(rare):
    labels = np.array([0] * 20 + [1] * 20 + [2] * rare)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = folds(images_of(labels), 4, 10)
    held = [(part.labels == 2).sum().item() for part, _ in found]
    assert sum(held) == rare and max(held) == 1


def test_several_labels_are_split_at_random():
    labels = np.random.default_rng(2).integers(0, 2, (50, 3)).astype(np.float32)
    found = folds(images_of(labels), 2, 10, seed=1)
    expected = KFold(5, shuffle=True, random_state=1).split(labels)
    for (part, rest), (others, mine) in zip(found, expected, strict=False):
        assert numbers(part) == mine.tolist() and numbers(rest) == others.tolist()


def test_one_image_of_a_class_in_each_part_is_the_fewest():
    labels = np.arange(30) % 10
    found = folds(images_of(labels), 3, 2)
    assert [sorted(part.labels.tolist()) for part, _ in found] == [list(range(10))] * 3


@pytest.mark.parametrize(
    ("labels", "count", "reason"),
    [
        (np.arange(30) % 10, 5, "5 folds: the largest class has 3 different images"),
        (np.arange(10), 2, "at least 2 images of each class: 'a' has 1, 'b' has 1"),
        (np.array([0] * 7 + [1]), 2, "at least 2 images of each class: 'b' has 1"),
        (np.arange(20) % 4 // 2, 11, "11 folds: the largest class has 10 different images"),
    ],
)
def test_what_cannot_be_split_is_refused_in_a_line(labels, count, reason):
    with pytest.raises(UserError, match=reason) as caught:
        folds(images_of(labels), count, 5, classes="abcdefghij")
    assert "\n" not in str(caught.value)
