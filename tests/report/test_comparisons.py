import json

import pytest

from dada.errors import UserError
from dada.policy import Policy, dumps, save_policy
from dada.report.comparisons import find
from dada.reporting import write_report
from dada.runs import RunFolder

from .conftest import make_comparison, make_policy, write_compare
from .html import page_of

FOUND = "the found policy made no measurable difference"


@pytest.mark.parametrize("place", ["compare", "ten", "../digits-compare", "../other/compare"])
def test_a_comparison_is_found_by_its_policy_wherever_it_lies(run, place):
    write_compare(run / place, make_comparison())
    text = page_of(run).text
    assert FOUND in text and "not known yet" not in text


@pytest.mark.parametrize("place", ["ten", "../digits-compare"])
def test_a_comparison_of_another_policy_beside_the_run_is_not_its_own(run, place):
    write_compare(run / place, make_comparison())
    save_policy(make_policy(3), run / "policy.json")
    assert "not known yet" in page_of(run).text


def test_every_comparison_has_its_verdict(run):
    for place, difference in (("compare", 0.002), ("../ten", -0.02)):
        write_compare(run / place, make_comparison(difference, 0.009))
    text = page_of(run).text
    assert FOUND in text and "the found policy helped" in text
    assert text.count("trained from the same 3 seeds") == 2


def test_one_elsewhere_is_named(run, tmp_path):
    far = write_compare(tmp_path / "a" / "b" / "c", make_comparison())
    assert "not known yet" in page_of(run).text
    assert FOUND in write_report(run, [far]).read_text("utf-8")
    with pytest.raises(UserError, match="no finished comparison"):
        write_report(run, [tmp_path])


def test_what_cannot_be_read_beside_the_run_is_passed_over(run):
    other = write_compare(run.parent / "other", make_comparison())
    (other / "comparison.json").write_text("{")
    third = write_compare(run.parent / "third", make_comparison())
    (third / "config.json").write_text("[]")
    assert find(RunFolder(run), make_policy()) == []
    assert "not known yet" in page_of(run).text


def test_a_comparison_is_shown_once(run):
    write_compare(run / "compare", make_comparison())
    assert len(find(RunFolder(run), make_policy(), [run / "compare"])) == 1
    write_compare(run.parent / "copied" / "compare", make_comparison())
    assert len(find(RunFolder(run), make_policy())) == 1, "a run that was copied whole"
    write_compare(run.parent / "again" / "compare", make_comparison(0.001))
    assert len(find(RunFolder(run), make_policy())) == 2


@pytest.mark.parametrize(("data", "count"), [("digits", 1), ("others", 0)])
def test_no_augmentation_is_known_by_the_search_that_found_it(run, data, count):
    """Its content is the same whatever was searched on."""
    found, there = (Policy.none(provenance={"data": {"name": n}}) for n in ("digits", data))
    other = write_compare(run.parent / "other", make_comparison())
    config = json.loads((other / "config.json").read_text())
    config["policies"] = dict.fromkeys(config["policies"], dumps(there))
    (other / "config.json").write_text(json.dumps(config))
    assert len(find(RunFolder(run), found)) == count
