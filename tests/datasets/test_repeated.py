"""Shares held out again and again, against scikit-learn's own; copies and rare classes."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from dada.datasets import hold_out_repeatedly
from dada.errors import UserError
from tests.datasets.test_folds import LABELS, images_of, numbers


@pytest.mark.parametrize(("count", "fraction", "seed"), [(5, 0.4, 0), (3, 0.25, 7), (1, 0.9, 0)])
def test_they_are_scikit_learns_index_for_index(count, fraction, seed):
    found = hold_out_repeatedly(images_of(LABELS), count, fraction, seed)
    cutter = StratifiedShuffleSplit(count, test_size=fraction, random_state=seed)
    expected = list(cutter.split(np.zeros(len(LABELS)), LABELS))
    assert len(found) == len(expected) == count
    for (train, held), (rows, others) in zip(found, expected, strict=True):
        assert numbers(train) == rows.tolist() and numbers(held) == others.tolist()
        assert held.labels.tolist() == LABELS[others].tolist()


def test_fewer_splits_are_the_first_of_more():
    few, many = (hold_out_repeatedly(images_of(LABELS), count, 0.4) for count in (2, 5))
    assert [numbers(held) for _, held in few] == [numbers(held) for _, held in many[:2]]


def test_without_strata_the_split_is_random():
    labels = (torch.rand(40, 3, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    found = hold_out_repeatedly(images_of(labels), 2, 0.4)
    expected = ShuffleSplit(2, test_size=0.4, random_state=0).split(np.zeros(40))
    assert [numbers(held) for _, held in found] == [held.tolist() for _, held in expected]


def test_copies_stay_on_one_side():
    contents = np.arange(60) // 2
    for train, held in hold_out_repeatedly(images_of(contents % 3, contents), 5, 0.4):
        assert not set(numbers(train)) & set(numbers(held))
        assert len(train) + len(held) == 60


def test_the_only_image_of_a_class_is_never_held_out():
    labels = [0] * 20 + [1] * 20 + [2]
    for train, held in hold_out_repeatedly(images_of(labels), 5, 0.4):
        assert 40 in numbers(train) and 40 not in numbers(held)


@pytest.mark.parametrize(
    ("labels", "fraction", "reason"),
    [
        ([0, 1, 2], 0.4, "holding out 40 % of the images needs at least 2 images of each class"),
        ([0] * 10 + [1] * 10, 0.01, "the images cannot be split by class"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(labels, fraction, reason):
    with pytest.raises(UserError, match=reason):
        hold_out_repeatedly(images_of(labels), 2, fraction)
