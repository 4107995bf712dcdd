from __future__ import annotations

import pytest

import dada.report
from dada.errors import UserError
from dada.reporting import write_report
from tests.report.conftest import (
    make_comparison,
    write_compare,
    write_json,
    write_search,
    write_training,
)


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(UserError, match="no run in"):
        write_report(tmp_path)
    write_json(tmp_path / "config.json", {"kind": "cake"})
    with pytest.raises(UserError, match="unknown kind 'cake'"):
        write_report(tmp_path)


def test_each_kind_of_run_has_its_page(tmp_path):
    runs = {
        "An augmentation policy": write_search(tmp_path / "search"),
        "Augmentations compared": write_compare(tmp_path / "compare", make_comparison()),
        "A training": write_training(tmp_path / "training"),
    }
    for title, run in runs.items():
        assert f"<h1>{title}" in write_report(run).read_text(encoding="utf-8")


def test_comparisons_elsewhere_belong_to_a_search(tmp_path):
    run = write_training(tmp_path / "run")
    with pytest.raises(UserError, match="not a search"):
        write_report(run, [tmp_path])


def test_the_former_name_still_works():
    with pytest.deprecated_call(match="dada.write_report"):
        former = dada.report.write_report
    assert former is dada.write_report is write_report
    with pytest.raises(AttributeError, match="no attribute 'cake'"):
        _ = dada.report.cake
