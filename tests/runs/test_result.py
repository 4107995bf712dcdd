from __future__ import annotations

from dada.runs import Result
from tests.report.html import Page


def test_a_notebook_shows_the_lines_that_python_prints():
    result = Result({"test_error": 0.125, "rows": [{"name": n, "mean": 0.5} for n in "ab"]})
    page = Page(result._repr_html_())
    assert (
        page.text
        == " ".join(repr(result).split())
        == ("test_error 0.125 rows a (mean 0.5) b (mean 0.5)")
    )
    assert page.tags.count("tr") == 3


def test_a_large_result_is_one_screen_in_a_notebook_too():
    page = Page(Result({f"<b>{n}": [0.5] * 3000 for n in range(400)})._repr_html_())
    assert page.tags.count("tr") == 20 and page.text.endswith("… 381 more lines")
    assert "<b>0 3,000 values" in page.text


def test_an_empty_result_is_nothing():
    assert Page(Result()._repr_html_()).tags == ["div"]
