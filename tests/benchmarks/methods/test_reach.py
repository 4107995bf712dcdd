"""What it costs to reach another method's error."""

import pytest

from benchmarks.methods.reach import Bounds, bounds, reach
from benchmarks.methods.rows import ROWS, Entry, row_name
from benchmarks.page.methods import methods as page
from benchmarks.search_quality.rows import Row


@pytest.mark.parametrize(
    ("points", "expected", "holds"),
    [
        ([(1, 2.0), (0.25, 3.0)], Bounds(1, None), None),
        ([(1, 2.0), (12, 0.5)], Bounds(12, None), True),
        ([(12, 2.0), (20, 0.0)], Bounds(12, 20), True),
        ([(4, -1.0), (1, 2.0)], Bounds(1, 4), False),
        ([(12, -1.0)], Bounds(0.0, 12), None),
        # Once reached, reached: what is worse at a higher cost is noise, or a choice.
        ([(1, -1.0), (4, 2.0)], Bounds(0.0, 1), False),
    ],
)
def test_bounds_are_those_of_what_was_tried(points, expected, holds):
    assert bounds(points) == expected
    assert expected.holds() is holds


def entry(name, method, cost):
    return Entry(Row(name, settings={"seed": 0}), method, "", cost)


ENTRIES = [
    Entry(Row("none", fixed="none")),
    entry("dada", "dada", 10.0),
    entry("dada-fast", "dada", 5.0),
    entry("pba-1", "pba", 11.0),
    entry("pba-4", "pba", 40.0),
    entry("random-1", "random", 10.0),
    entry("autoaugment-published", "autoaugment", 9000.0),
]


def errors(by_search, gap=None):
    found = {"error": {"mean": sum(by_search) / 2, "interval": 1.0}, "by_search": by_search}
    if gap:
        found["less dada"] = {"mean": gap[0], "interval": gap[1]}
    return found


TABLE = {
    "none": errors([60.0, 60.0], (10.0, 1.0)),
    "dada": errors([50.0, 50.0]),
    "dada-fast": errors([51.0, 51.0], (1.0, 1.0)),
    "pba-1": errors([49.0, 53.0], (1.0, 2.0)),
    "pba-4": errors([48.0, 49.0], (-1.5, 0.5)),
    "random-1": errors([51.0, 51.0], (1.0, None)),
}


def test_each_search_is_compared_with_the_one_on_the_same_images():
    found = reach(ENTRIES, TABLE, "dada")
    assert list(found) == ["pba", "random"], "rows of dada and fixed ones have nothing to reach"
    pba = found["pba"]
    assert (pba["above"], pba["reached"], pba["certain"], pba["holds"]) == (1.1, 4.0, True, False)
    assert [one["reached"] for one in pba["by_search"]] == [1.1, 4.0]
    random = found["random"]
    assert random["reached"] is None and not random["certain"] and random["holds"] is None


def test_the_page_says_what_was_reached_and_what_was_not_run():
    rows = {
        e.row.name: {
            "method": e.method,
            "words": "some settings",
            "child_epochs": e.cost,
            "times": e.cost / 10,
        }
        for e in ENTRIES
    }
    result = {
        "trained": "proxy-32,",
        "parts": "parts",
        "factor": 8,
        "rows": rows,
        "policy": TABLE,
        "searches": {"dada": [{"seconds": 30.0}, {"seconds": 20.0}]},
        "left_out": ["autoaugment-published"],
        "reach": {"dada": reach(ENTRIES, TABLE, "dada")},
    }
    text = "\n".join(page(result))
    assert "| dada | 50.00 ± 1.00 |  | some settings | 10 | 1 | 20 s |" in text
    assert "Not run: autoaugment-published, whose search would take 9,000 child-epochs, 900" in text
    assert "| pba | 4 | yes | at most 1.1, 4 |" in text
    assert "| random | not at 1 | no | not at 1, not at 1 |" in text
    assert "10 times faster at the same error, by the means: pba, does not hold." in text


@pytest.mark.parametrize("text", [*ROWS, "pba-0.25", "random-published"])
def test_names_of_rows(text):
    assert row_name(text) == text


@pytest.mark.parametrize(
    "text", ["pba-0", "pba--1", "pba-nan", "pba-inf", "pba-publsihed", "pba", "pab-1", "dada-4", ""]
)
def test_rows_that_make_no_sense_are_refused(text):
    with pytest.raises(Exception, match=f"no row '{text}': there are dada-published, METHOD-"):
        row_name(text)
