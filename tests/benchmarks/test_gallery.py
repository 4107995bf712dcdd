"""The gallery's tables are those of the stored results."""

import json
from pathlib import Path

import pytest

from benchmarks.page.search_quality import errors

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("data", ["cifar10", "fashion-mnist"])
def test_errors_are_the_measured_ones(data):
    result = json.loads((DOCS / "measured" / f"search_quality-{data}.json").read_text())
    shown = {
        name: {key: row[key] for key in ("error", "less none", "less uniform") if key in row}
        for name, row in result["policy"].items()
    }
    page = (DOCS / "guide" / "gallery.md").read_text().replace("**", "")  # found policies are bold
    assert "\n".join(errors(shown, {})) in page
