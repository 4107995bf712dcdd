"""What a row may be."""

from argparse import ArgumentTypeError

import pytest

from benchmarks.search_quality import scale
from benchmarks.search_quality.rows import row_of
from dada.errors import UserError
from tests.benchmarks.search_quality.shared import numbered


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("defualt", "no row 'defualt': there are none, randaugment, trivialaugment"),
        ("a=horizon=2", "a: setting horizon"),
        ("a=preset=slow", "a: .*slow"),
        ("a=epoch=2", "a: .*epoch"),
    ],
)
def test_rows_that_do_not_exist_are_refused(text, words):
    with pytest.raises(ArgumentTypeError, match=words):
        row_of(text)


def test_rows_of_policies_found_elsewhere(tmp_path):
    assert row_of("old=a.json").fixed == "a.json" and not row_of("old=a.json").searched
    assert len(row_of("old=a.json+b.json").files) == 2
    assert row_of("autoaugment").method(numbered(40)).policy is not None
    with pytest.raises(UserError, match="for colour images"):
        row_of("autoaugment").method(numbered(40, channels=1))
    assert row_of("uniform").method(numbered(40, channels=1)).policy is not None
    with pytest.raises(ArgumentTypeError, match="not IMAGES:EPOCHS"):
        scale.size_of("2000")
