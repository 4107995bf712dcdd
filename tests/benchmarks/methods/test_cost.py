"""What a search costs in child-epochs, against what its run says."""

from types import SimpleNamespace

import pytest

from benchmarks.methods.budgets import fitted
from benchmarks.methods.cost import CHILD_EPOCH, cost_of
from benchmarks.methods.rows import DADA, entries
from benchmarks.search_quality.rows import Row
from benchmarks.search_quality.searches import Searches
from benchmarks.search_quality.store import Store
from dada.datasets import load
from dada.errors import UserError

SMALL = {"images": 40, "epochs": 2, "model": "proxy-4", "operations": ("Rotate", "Invert")}


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def test_a_child_epoch_is_500_images_learnt_from_once(digits):
    given = {**SMALL, "method": "random", "policies": 1, "size": 1}
    expected = 2 * 2 * (2 * 20 + 20 / 3) / 500
    assert cost_of(given, digits) == pytest.approx(expected)


@pytest.mark.parametrize("method", ["fast_autoaugment", "randaugment"])
def test_a_search_is_as_long_as_it_may_be(method, digits):
    target = 1500.0
    found = cost_of(fitted(method, target, digits), digits)
    assert found == pytest.approx(target, rel=0.1)


def test_published_settings_on_fewer_images_are_refused(digits):
    with pytest.raises(UserError, match="have 1,437 images each, and it takes 2,000"):
        entries(digits, ["autoaugment-published"])


def test_a_method_without_published_settings(digits):
    with pytest.raises(UserError, match=r"random-published: only dada, .* have published settings"):
        entries(digits, ["random-published"])


def test_rows_are_what_their_names_say(digits):
    found = entries(digits, ["autoaugment-0.5", "dada-published", "autoaugment-0.5"])
    assert [one.row.name for one in found[3:]] == [*DADA, "autoaugment-0.5", "dada-published"]
    assert found[-2].row.settings["method"] == "autoaugment"
    assert found[-2].cost == pytest.approx(0.5 * found[3].cost, rel=0.1)
    assert found[-1].row.settings["preset"] == "paper"


def test_a_store_is_enough_to_go_on_with(tmp_path, digits, monkeypatch):
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)
    settings = {**SMALL, "method": "random", "policies": 1, "size": 1}
    row, parts, file = Row("r", settings=settings), SimpleNamespace(searches=[digits]), "r.jsonl"
    here = Searches(parts, tmp_path / "here", Store(tmp_path / file), "cpu")
    (expected,), took = here.methods(row, digits), here.found(row)
    monkeypatch.setattr("benchmarks.search_quality.searches.search", None)  # not called again
    elsewhere = Searches(parts, tmp_path / "elsewhere", Store(tmp_path / file), "cpu")
    (found,) = elsewhere.methods(row, digits)
    assert found.policy.content == expected.policy.content and elsewhere.found(row) == took


def test_what_a_run_says_of_its_views_is_in_its_cost(tmp_path, digits, monkeypatch):
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)
    settings = {**SMALL, "method": "random", "policies": 1, "size": 1}
    parts = SimpleNamespace(searches=[digits])
    searches = Searches(parts, tmp_path, Store(tmp_path / "results.jsonl"), "cpu")
    (found,) = searches.found(Row("r", settings=settings))
    judged = 4 * 20 / 3
    expected = (found["views"] + judged) / CHILD_EPOCH
    assert cost_of(settings, digits) == pytest.approx(expected)
    unknown = {**SMALL, "method": "faster_autoaugment", "batch": 20}
    (found,) = searches.found(Row("f", settings=unknown))
    assert found["views"] is None and found["effects"] == {}
