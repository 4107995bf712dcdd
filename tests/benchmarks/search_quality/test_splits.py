"""No search sees what its policies are judged by."""

from dataclasses import replace

import pytest
import torch

from benchmarks.search_quality import rank
from benchmarks.search_quality.splits import parts_of
from dada.datasets import Dataset
from dada.errors import UserError
from tests.benchmarks.search_quality.shared import SIZES, numbered, numbers


def test_no_search_sees_what_is_trained_on_or_judges():
    parts = parts_of(numbered(100), SIZES)
    searches = [numbers(data.train) for data in parts.searches]
    others = [*map(numbers, parts.fresh), numbers(parts.judges)]
    everything = [*searches, *others]
    assert list(map(len, everything)) == [20, 20, 10, 10, 10, 20]
    assert len(set.union(*everything)) == sum(map(len, everything)), "disjoint"
    for data, seen in zip(parts.searches, searches, strict=True):
        assert numbers(data.test) <= seen and data.validation is None
        assert data.train.labels.bincount().tolist() == [10, 10]
    assert parts.eligible(0) == [0, 1] and parts.groups(3) == [[0, 1, 2]]


def test_more_sets_leave_those_before_as_they_are():
    few, more = (parts_of(numbered(100), replace(SIZES, sets=sets)) for sets in (3, 4))
    assert list(map(numbers, more.fresh))[:3] == list(map(numbers, few.fresh))
    for one, other in zip(few.searches, more.searches, strict=True):
        assert numbers(one.train) == numbers(other.train)


def test_with_few_images_a_policy_is_never_tried_on_what_its_search_saw():
    parts = parts_of(numbered(60), replace(SIZES, sets=4))
    assert not parts.apart and "two halves" in parts.in_words()
    for number, fresh in enumerate(parts.fresh):
        assert parts.eligible(number)
        for search in parts.eligible(number):
            assert not numbers(fresh) & numbers(parts.searches[search].train)
    assert numbers(parts.judges) == numbers(parts.test) and parts.groups(4) == [[0, 2], [1, 3]]
    with pytest.raises(UserError, match="an even number of both"):
        parts_of(numbered(60), SIZES)
    with pytest.raises(UserError, match="even number"):
        rank.jobs_of(numbered(60), parts, "proxy-4", rounds=3, epochs=1)


def test_sizes_and_labels_that_do_not_fit_are_refused():
    with pytest.raises(UserError, match="multiples of a fresh set's 10 images"):
        parts_of(numbered(100), replace(SIZES, search_images=25))
    several = replace(numbered(100).train, labels=torch.zeros(100, 2))
    with pytest.raises(UserError, match="several labels"):
        parts_of(Dataset("several", several, several, ("a", "b")), SIZES)
