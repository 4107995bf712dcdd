from __future__ import annotations

import pytest

from dada.errors import UserError
from dada.reporting import write_report
from tests.report.conftest import make_comparison, write_compare, write_events
from tests.report.html import page_of


def test_a_comparison_has_a_page_of_its_own(tmp_path):
    page = page_of(write_compare(tmp_path / "compare", make_comparison(-0.02, 0.005)))
    assert "the policy runs/digits helped" in page.text
    assert "trained from the same 3 seeds" in page.text
    assert "no measurable difference" in page.text  # the uniform policy's row
    assert "dada compare digits --policy runs/digits --preset demo --seeds 3" in page.text
    assert "How the search went" not in page.text


def test_an_unfinished_comparison_shows_what_is_done(tmp_path):
    run = write_compare(tmp_path / "compare")
    text = page_of(run).text
    assert "not finished" in text
    assert "5.20 %" in text
    write_events(run / "events.jsonl", [])
    with pytest.raises(UserError, match="no training yet"):
        write_report(run)
