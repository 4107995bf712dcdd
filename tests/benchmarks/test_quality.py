"""The study's own arithmetic."""

import pytest
from scipy import stats

from benchmarks.quality.table import certain, wins


def test_wins_by_hand():
    errors = {"a": [0.1, 0.3], "b": [0.2, 0.3], "c": [0.3, 0.1]}
    # a: better than b and c from seed 0; as good as b and worse than c from seed 1
    assert wins("a", errors) == (1 + 1 + 0.5 + 0) / 4
    assert sum(wins(name, errors) for name in errors) == 3 / 2
    assert wins("alone", {"alone": [0.1]}) == 0


def test_trainings_that_share_a_search_are_not_taken_for_independent():
    """Seeds 0, 2 and 1, 3 agree because they share a search: two values, not four."""
    errors, none = [0.10, 0.20, 0.11, 0.21], [0.3, 0.3, 0.3, 0.3]
    found = certain(errors, none, 2)
    expected = stats.t.ppf(0.975, 1) * 0.10 / 2  # of the means 0.105 and 0.205
    assert found["interval"] == found["difference_interval"] == pytest.approx(expected)
    assert found["mean"] == pytest.approx(0.155) and found["errors"] == errors
    alone = certain(errors, none, None)
    assert alone["interval"] < found["interval"]
    assert certain(errors, none, 4) == alone, "a search each"
