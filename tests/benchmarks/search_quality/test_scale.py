"""Trainings on many images."""

from dataclasses import replace

import pytest
from scipy import stats

from benchmarks.search_quality import scale
from benchmarks.search_quality.splits import parts_of
from dada.errors import UserError
from dada.policy import Policy, SearchSpace
from dada.training.augmentations import policy_method
from tests.benchmarks.search_quality.shared import SIZES, numbered, numbers, stored


def test_trainings_on_many_images_have_none_that_searches_saw_while_there_are_enough():
    data = numbered(100)
    parts = parts_of(data, SIZES)
    seen = set.union(*(numbers(search.train) for search in parts.searches))
    sets = [numbers(images) for images in scale.sets_of(data, parts, 20, seeds=4)]
    assert [len(images) for images in sets] == [20] * 4 and not set.union(*sets) & seen
    assert not sets[0] & sets[1] and sets[3] == sets[0], "three sets of 20 in 60"
    single = [numbers(images) for images in scale.sets_of(data, parts, 10, seeds=7)]
    assert len(set.union(*single)) == 60 and not set.union(*single) & seen
    assert all(len(images) == 100 for images in scale.sets_of(data, parts, 100, seeds=2))
    for images, words in ((80, "searches leave fewer"), (200, "there are 100 in all")):
        with pytest.raises(UserError, match=words):
            scale.sets_of(data, parts, images, seeds=1)
    halves = parts_of(numbered(60), replace(SIZES, sets=4))
    with pytest.raises(UserError, match="too few"):
        scale.sets_of(numbered(60), halves, 60, seeds=1)


def test_a_scales_differences_allow_for_shared_searches(tmp_path):
    data = numbered(100)
    parts = parts_of(data, SIZES)
    plain = policy_method(Policy.none())
    methods = {"none": [plain], "ours": [policy_method(SearchSpace().uniform()), plain]}
    sizes = [scale.Size(20, 2), scale.Size(10, 3)]
    jobs = scale.jobs_of(methods, data, parts, "proxy-4", sizes, seeds=4)

    def value(place):
        gain = (0.01, 0.03)[place.seed % 2] if place.row == "ours" else 0
        return {"error": 0.5 + place.seed / 10 - gain, "train_loss": place.size.images}

    small, large = scale.table_of(jobs, methods, data, stored(tmp_path, jobs, value), ["none"])
    assert (small["images"], large["images"], large["epochs"], large["seeds"]) == (10, 20, 2, 4)
    gap = large["rows"]["ours"]["less none"]
    assert gap["mean"] == pytest.approx(-2)
    assert gap["interval"] == pytest.approx(stats.t.ppf(0.975, 1)), "two searches, not four seeds"
    assert small["rows"]["ours"]["train_loss"] == 10
