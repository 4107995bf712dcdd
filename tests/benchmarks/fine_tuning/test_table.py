"""The tables, against SciPy's paired intervals."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.fine_tuning import table
from benchmarks.search_quality.policy import Place

ERRORS = {"none": [0.3, 0.2, 0.4], "found": [0.2, 0.15, 0.35]}


class Job:
    def __init__(self, key):
        self.key = key


def made(errors):
    jobs = {Place(row, n, 0): Job(f"{row}/{n}") for row, e in errors.items() for n in range(len(e))}
    store = {f"{row}/{n}": {"error": x} for row, e in errors.items() for n, x in enumerate(e)}
    return table.table_of(jobs, store)


def test_differences_are_paired_by_seed():
    rows = made(ERRORS)
    gaps = 100 * (np.array(ERRORS["found"]) - ERRORS["none"])
    low, high = stats.ttest_1samp(gaps, 0).confidence_interval(0.95)
    assert rows["found"]["less none"]["mean"] == pytest.approx(gaps.mean())
    assert rows["found"]["less none"]["interval"] == pytest.approx((high - low) / 2)
    assert rows["none"]["error"]["mean"] == pytest.approx(30)
    assert rows["none"]["less found"]["mean"] == pytest.approx(-gaps.mean())


def test_each_set_weighs_the_same_on_average():
    other = {"none": [0.1, 0.1, 0.13], "found": [0.1, 0.12, 0.11]}
    sets = [{"tables": [{"epochs": 12, "rows": made(e)}]} for e in (ERRORS, other)]
    [found] = table.averaged(sets)
    gaps = [100 * (np.array(e["found"]) - e["none"]) for e in (ERRORS, other)]
    assert found["epochs"] == 12
    mean = found["rows"]["found"]["less none"]
    assert mean["mean"] == pytest.approx(np.mean([g.mean() for g in gaps]))
    # Welch's interval is that of a difference of means; that of half their sum is half as wide.
    low, high = stats.ttest_ind(gaps[0], -gaps[1], equal_var=False).confidence_interval(0.95)
    assert mean["interval"] == pytest.approx((high - low) / 4)


def test_lines_say_what_each_row_is_less():
    text = list(
        table.lines(
            {
                "sets": [{"data": "waste", "tables": [{"epochs": 12, "rows": made(ERRORS)}]}],
                "average": [],
            }
        )
    )
    assert text[0] == "waste, 12 epochs"
    assert text[2].startswith("found") and "less none -6.67 ± 7.17" in text[2]
