"""Which images are trained on."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.fine_tuning.sets import parts_of
from dada.errors import UserError
from tests.benchmarks.search_quality.shared import numbered, numbers


def test_each_seed_draws_as_many_of_each_class_and_searches_see_all():
    data = numbered(40)
    parts = parts_of(data, searches=2, seeds=3, per_class=5)
    assert parts.searches == [data, data]
    for images in parts.fresh:
        assert np.bincount(images.labels).tolist() == [5, 5]
        assert len(numbers(images)) == 10 and numbers(images) <= numbers(data.train)
    assert len({tuple(sorted(numbers(images))) for images in parts.fresh}) == 3
    assert parts.test is data.test


def test_more_seeds_leave_those_before_as_they_are():
    data = numbered(40)
    few, many = (parts_of(data, 1, seeds, 5).fresh for seeds in (2, 4))
    assert [numbers(i) for i in few] == [numbers(i) for i in many[:2]]


def test_a_class_with_too_few_images_is_named():
    data = numbered(41)
    few = replace(data, train=data.train.subset(np.flatnonzero(np.arange(41) != 1)))
    with pytest.raises(UserError, match="per-class 20: b has 19 training images"):
        parts_of(few, 1, 1, 20)
