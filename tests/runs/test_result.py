from __future__ import annotations

from dada.runs import Result
from tests.report.html import Page


def test_a_notebook_shows_entries_as_rows_and_named_things_as_a_table():
    rows = [{"name": "a", "mean": 1 / 3}, {"name": "b", "mean": None}]
    page = Page(Result({"test_error": 0.125, "rows": rows})._repr_html_())
    assert page.text == "test_error 0.125 rows name mean a 0.3333 b –"
    assert page.tags.count("table") == 2 and page.tags.count("tr") == 2 + 3


def test_a_large_result_is_one_screen_in_a_notebook_too():
    named = [{"name": f"<i>{n}", **dict.fromkeys(map(str, range(99)), "x" * 99)} for n in range(99)]
    page = Page(Result({f"<b>{n}": [0.5] * 3000 for n in range(400)} | {"a": named})._repr_html_())
    assert page.tags.count("tr") == 20 and page.text.endswith("… 382 more entries")
    assert "<b>0 3,000 values" in page.text
    page = Page(Result({"a": named})._repr_html_())
    assert page.tags.count("tr") == 1 + 21 and page.text.endswith("… 79 more")
    assert page.tags.count("th") == 8 and "<i>19" in page.text and len(page.text) < 6000


def test_an_empty_result_is_nothing():
    assert Page(Result()._repr_html_()).tags == ["div"]
