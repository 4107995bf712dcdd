from __future__ import annotations

import pytest

from dada.errors import UserError
from dada.reporting import write_report
from tests.report.conftest import make_comparison, write_compare, write_search
from tests.report.html import page_of

HOSTILE = "<script>alert('x')</script>"


def test_the_page_is_one_file_that_needs_no_network(run):
    page = page_of(run)
    assert all(link.startswith(("data:image/", "#")) for link in page.links)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "url(http" not in page.source
    assert "@import" not in page.source
    assert 'name="viewport"' in page.source
    assert "prefers-color-scheme: dark" in page.source
    assert write_report(run) == run / "report.html"
    assert not (run / "report.html.partial").exists()


def test_what_comes_from_outside_is_text_and_never_markup(tmp_path):
    run = write_search(
        tmp_path / "run", name=HOSTILE, source=HOSTILE, classes=[HOSTILE, "dog"],
        notes=[HOSTILE], skipped=[f"a/{HOSTILE}.png"],
    )  # fmt: skip
    comparison = make_comparison()
    comparison["rows"][1]["name"] = HOSTILE
    write_compare(run / "compare", comparison, HOSTILE)
    for page in (page_of(run), page_of(run / "compare")):
        assert "script" not in page.tags
        assert HOSTILE in page.text
    assert page_of(run).text.count(HOSTILE) >= 6


def test_notes_and_skipped_files_are_told(tmp_path):
    classes = [f"class {i}" for i in range(30)]
    run = write_search(tmp_path / "run", classes=classes, notes=["a note"], skipped=["bad.png"])
    text = page_of(run).text
    assert "a note" in text
    assert "1 file could not be read and was skipped" in text
    assert "class 19, and 10 more" in text


def test_equal_runs_give_equal_pages(run):
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [("config.json", "{", "cannot be read"), ("policy.json", "{", "policy.json"),
     ("compare/comparison.json", "{", "comparison.json")],
)  # fmt: skip
def test_damaged_files_are_named_in_one_line(run, name, text, says):
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).write_text(text)
    with pytest.raises(UserError, match=says) as caught:
        write_report(run)
    assert "\n" not in str(caught.value)
