import numpy as np
import pytest
from scipy import stats

from dada.training.statistics import interval, summary


def test_the_interval_is_students():
    values = [0.10, 0.12, 0.11, 0.15]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert interval(values) == pytest.approx((high - low) / 2)
    assert interval([0.1]) is None


def test_differences_are_paired_by_seed():
    row = summary([0.10, 0.20, 0.30], [0.12, 0.22, 0.32])
    assert row["mean"] == pytest.approx(0.2)
    assert row["difference"] == pytest.approx(-0.02)
    assert row["difference_interval"] == pytest.approx(0, abs=1e-12)
    result = stats.ttest_rel([0.1, 0.2, 0.4], [0.2, 0.2, 0.3])
    low, high = result.confidence_interval(0.95)
    row = summary([0.1, 0.2, 0.4], [0.2, 0.2, 0.3])
    assert row["difference_interval"] == pytest.approx((high - low) / 2)
