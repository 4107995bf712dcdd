"""Files of one JSON object: what comes back, and what is refused."""

import json

import pytest

from dada.errors import UserError
from dada.runs.objects import read_object, write_object


def test_names_that_are_not_utf_8_come_back(tmp_path):
    data = {"path": b"photos/\xe8".decode(errors="surrogateescape"), "name": "Größe"}
    assert read_object(write_object(tmp_path / "config.json", data)) == data


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("0.25", "0.24"), "damaged: its checksum does not match"),
        (lambda text: text[:-4], "cannot be read"),
        (lambda text: "[" * 100_000, "cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_by_name(change, reason, tmp_path):
    path = write_object(tmp_path / "result.json", {"test_error": 0.25})
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=reason) as caught:
        read_object(path)
    assert str(path) in str(caught.value)


def test_a_file_without_a_checksum_is_an_older_releases(tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"test_error": 0.25}))
    assert read_object(path) == {"test_error": 0.25}


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(UserError, match=r"result\.json: cannot be read"):
        read_object(tmp_path / "result.json")
