from __future__ import annotations

import pytest

from dada.markup import BAD, GOOD, bar, bold, coloured, lines, muted, table
from tests.report.html import Page


def test_a_table_has_its_parts_in_order_and_nothing_from_elsewhere():
    page = Page(table([["a", bold("b")], ["c", "d"]], head=["x", "y"], title="one", notes=["two"]))
    assert page.text == "one x y a b c d two"
    assert page.tags.count("tr") == 3 and page.tags.count("td") == 4 and not page.links
    assert Page(table([], title="one")).tags == ["div", "p"]


@pytest.mark.parametrize(
    "make", [str, bold, muted, lambda t: coloured(t, GOOD), lambda t: lines([t])]
)
def test_text_is_escaped_everywhere(make):
    hostile = "<script>alert('&\"')</script>"
    page = Page(table([[make(hostile)]], head=[make(hostile)], title=hostile, notes=[hostile]))
    assert "script" not in page.tags and page.text.count(hostile) == 4


@pytest.mark.parametrize("paper", ["#ffffff", "#111111"])
@pytest.mark.parametrize("colour", [GOOD, BAD])
def test_colours_can_be_read_on_light_and_dark(colour, paper):
    """WCAG 2's contrast, of which 3 is enough for graphics and 4.5 for all text."""
    a, b = sorted(map(_luminance, (colour, paper)))
    assert (b + 0.05) / (a + 0.05) > 4


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_bar_is_as_long_as_its_share():
    assert "width:33.3%" in bar(1 / 3) and "width:100%" in bar(1) and "width:0%" in bar(0)
