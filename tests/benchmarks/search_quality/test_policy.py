"""Differences of errors on fresh sets."""

import pytest
from scipy import stats

from benchmarks.search_quality import policy
from benchmarks.search_quality.splits import parts_of
from dada.policy import Policy, SearchSpace
from dada.training.augmentations import policy_method
from tests.benchmarks.search_quality.shared import SIZES, numbered, stored


def test_differences_of_errors_are_paired_by_set_and_search(tmp_path):
    parts = parts_of(numbered(100), SIZES)
    plain, found = policy_method(Policy.none()), policy_method(SearchSpace().uniform())
    methods = {"none": [plain], "ours": [found, plain]}
    jobs = policy.jobs_of(methods, parts, "proxy-4", epochs=1)
    assert len(jobs) == 3 * (1 + 2) and {job.seed for job in jobs.values()} == {0, 1, 2}

    def value(place):  # sets differ by 10 points; ours is better by 1 or 3 under its searches
        gain = (0.01, 0.03)[place.search] if place.row == "ours" else 0
        return {"error": 0.5 + place.number / 10 - gain}

    store = stored(tmp_path, jobs, value)
    table = policy.table_of(jobs, parts, store, ["none", "uniform"])
    assert table["none"]["error"]["mean"] == pytest.approx(60)
    assert table["ours"]["by_search"] == pytest.approx([59, 57])
    assert table["ours"]["less none"]["mean"] == pytest.approx(-2)
    over_searches = stats.t.ppf(0.975, 1) * 1  # of the means 1 and 3
    assert table["ours"]["less none"]["interval"] == pytest.approx(over_searches)
    assert "less uniform" not in table["ours"] and "less none" not in table["none"]
