"""Intervals over sets and searches, against textbooks and by simulation."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.search_quality.statistics import crossed


def test_an_interval_over_sets_alone_is_students():
    table = np.random.default_rng(0).normal(size=(7, 1))
    low, high = stats.ttest_1samp(table[:, 0], 0).confidence_interval()
    assert crossed(table) == pytest.approx(((low + high) / 2, (high - low) / 2))
    assert crossed(table[:1]).interval is None


def test_two_halves_have_welchs_interval():
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(6, 1)), generator.normal(1, 3, size=(4, 1))
    low, high = stats.ttest_ind(a[:, 0], -b[:, 0], equal_var=False).confidence_interval()
    assert crossed(a, b) == pytest.approx(((low + high) / 4, (high - low) / 4))


def test_intervals_over_sets_and_searches_hold_the_truth_as_often_as_they_say():
    """Statistical, with a fixed seed: 1000 studies, so one standard error is 0.7 points."""
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        sets, searches = generator.normal(size=(12, 1)), generator.normal(size=(1, 4))
        mean, half = crossed(sets + searches + generator.normal(size=(12, 4)))
        held += abs(mean) <= half
    assert 0.925 < held / 1000 < 0.985
