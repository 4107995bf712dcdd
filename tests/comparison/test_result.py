from __future__ import annotations

import pytest

from dada.comparison.result import ComparisonResult
from dada.markup import BAD, GOOD
from dada.report import verdict
from tests.report.conftest import make_comparison, make_row
from tests.report.html import Page


@pytest.mark.parametrize(
    ("difference", "words", "colour"), [(-0.02, "helped", GOOD), (0.02, "hurt", BAD)]
)
def test_a_notebook_shows_differences_and_the_answer(difference, words, colour):
    comparison = make_comparison(difference, 0.005)
    page = Page(ComparisonResult(comparison)._repr_html_())
    sentence = verdict(comparison)[0].replace("\N{NO-BREAK SPACE}", " ")
    assert page.text.startswith(sentence) and f"policy runs/digits {words}" in sentence
    sign = "−" if difference < 0 else "+"
    assert f"policy runs/digits 5.3 % ± 0.6 {sign}2.0 ± 0.5 {words}" in page.text
    assert f"color:{colour}" in page.source
    assert "crop and flip 5.1 % ± 0.6 the baseline" in page.text
    assert "1,437 training images, 12 epochs" in page.text and not page.links


def test_names_of_files_are_text():
    comparison = make_comparison()
    comparison["rows"][1] = make_row("policy <script>.json", [0.05, 0.06, 0.07], 0.0, 0.01)
    page = Page(ComparisonResult(comparison)._repr_html_())
    assert "script" not in page.tags and page.text.count("policy <script>.json") >= 2
