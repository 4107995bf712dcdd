"""The reference of effects, and how searches are ranked against it."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.search_quality import rank
from benchmarks.search_quality.splits import parts_of
from tests.benchmarks.search_quality.shared import SIZES, numbered, stored


def test_the_reference_is_what_operations_save_and_searches_are_ranked_against_it(tmp_path):
    data = numbered(100)
    parts, names = parts_of(data, SIZES), rank.operations(data)
    jobs = rank.jobs_of(data, parts, "proxy-4", rounds=2, epochs=1)
    assert all(job.judges is parts.judges for job in jobs.values())

    def value(place):  # each operation saves a little more than the one before
        return {"loss": 2.0 if place.name == "none" else 2.0 * 0.99 ** names.index(place.name)}

    truth = rank.reference(jobs, data, stored(tmp_path, jobs, value))
    expected = -np.log(0.99) * np.arange(len(names))
    np.testing.assert_allclose(truth, [expected, expected])
    right = {name: float(n) for n, name in enumerate(names)}
    wrong = {name: -n for name, n in right.items()}
    searches = {
        "right": [{"effects": right}, {"effects": right}],
        "mixed": [{"effects": right}, {"effects": wrong}],
    }
    rows = rank.table_of(searches, data, parts, truth)["rows"]
    assert rows["right"]["searches"] == pytest.approx([1, 1])
    assert rows["right"]["spearman"] == pytest.approx(1)
    assert rows["right"]["standard_error"] == pytest.approx(0, abs=1e-12)
    assert rows["mixed"]["searches"] == pytest.approx([1, -1])
    # the mean of two that are 1 or -1 by chance
    assert rows["mixed"]["standard_error"] == pytest.approx(0.5**0.5, abs=0.02)


def test_a_search_is_not_ranked_by_trainings_on_its_own_half():
    data = numbered(60)
    parts = parts_of(data, replace(SIZES, sets=4))
    names = rank.operations(data)
    up = np.arange(len(names), dtype=float)
    truth = np.array([up, -up, up, -up])  # the first half trains in rounds 0 and 2
    effects = {name: float(n) for n, name in enumerate(names)}
    found = rank.table_of({"ours": [{"effects": effects}] * 2}, data, parts, truth)
    assert found["rows"]["ours"]["searches"] == pytest.approx([-1, 1])
