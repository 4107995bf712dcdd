"""The study of backbones: what is compared with what."""

import pytest
from scipy import stats

from benchmarks.transfer import Job, lines, table
from dada.datasets import load

PRECISION = {"scratch": [0.1, 0.2, 0.15], "none": [0.3, 0.35, 0.31], "found": [0.33, 0.36, 0.36]}
ERRORS = {"none": [0.2, 0.3, 0.1], "found": [0.1, 0.1, 0.1]}


def test_rows_are_paired_by_seed():
    rows = table(PRECISION, ERRORS)
    paired = stats.ttest_rel(PRECISION["found"], PRECISION["none"]).confidence_interval(0.95)
    found = rows["found"]["less none"]
    low, high = found["mean"] - found["interval"], found["mean"] + found["interval"]
    assert (low / 100, high / 100) == pytest.approx(tuple(paired))
    assert rows["none"]["mean"]["mean"] == pytest.approx(32)
    assert rows["none"]["errors"] == pytest.approx([20, 30, 10]) and "errors" not in rows["scratch"]
    result = {"first": "one", "second": "another", "seeds": 3, "rows": rows}
    said = "\n".join(lines(result))
    assert "first error 10.00 %" in said and "less none +3.00 ± 4.97" in said


def test_a_training_is_stored_under_all_that_it_depends_on():
    digits = load("digits")
    first = Job("first/0/none", digits, "none", {"seed": 0, "epochs": 3})
    others = [
        Job("first/0/none", digits, "dada-cifar10", {"seed": 0, "epochs": 3}),
        Job("first/0/none", digits, "none", {"seed": 0, "epochs": 4}),
        Job("first/0/none", load("digits", side=16), "none", {"seed": 0, "epochs": 3}),
        Job("first/0/none", digits, "none", {"seed": 0, "epochs": 3}, first),
    ]
    others.append(Job("first/0/none", digits, "none", {"seed": 0, "epochs": 3}, others[0]))
    assert len({job.key for job in (first, *others)}) == len(others) + 1
    assert first.key == Job("first/0/none", digits, "none", {"epochs": 3, "seed": 0}).key
