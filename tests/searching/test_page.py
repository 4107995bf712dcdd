from __future__ import annotations

import pytest

from dada.errors import UserError
from dada.policy import Policy, save_policy
from dada.reporting import write_report
from dada.searching.methods.dada import Arms, OneStep
from dada.searching.settings import method_for, upgraded
from tests.report.conftest import (
    OPERATIONS,
    make_comparison,
    make_policy,
    write_compare,
    write_search,
    write_trials,
)
from tests.report.html import page_of


@pytest.fixture
def run(tmp_path):
    """A finished search."""
    return write_search(tmp_path / "run")


def test_a_search_tells_what_was_searched_and_found(run):
    text = page_of(run).text
    assert "6 sub-policies of 4 operations searched on 1,437 training images in 3 epochs" in text
    assert "preset demo, estimator relax, seed 3" in text
    assert all(name in text for name in OPERATIONS)
    assert "not finished" not in text
    assert "degrees" in text
    assert "0123456789abcdef" in text


def test_the_open_question_comes_with_the_command_that_answers_it(run):
    text = page_of(run).text
    assert "not known yet" in text
    assert f"dada compare digits --policy {run} -o {run / 'compare'}" in text


def test_an_interrupted_search_says_so(tmp_path):
    text = page_of(write_search(tmp_path / "run", epochs=1, finished=False)).text
    assert "not finished: 1 of 3 epochs are done" in text
    assert "--resume" in text


def test_before_the_first_epoch_there_is_nothing_to_report(tmp_path):
    run = write_search(tmp_path / "run", epochs=0, finished=False)
    with pytest.raises(UserError, match="no epoch is over yet") as caught:
        write_report(run)
    assert "\n" not in str(caught.value)
    assert not (run / "report.html").exists()


def test_the_answer_comes_first_where_a_comparison_is_there(run):
    write_compare(run / "compare", make_comparison())
    page = page_of(run)
    assert (
        "On these images the found policy made no measurable difference: test error 5.3 % ± 0.6 "
        "against 5.1 % ± 0.6 for crop and flip (paired difference +0.2 ± 0.9 points over 3 seeds)."
    ) in page.text
    assert "not known yet" not in page.text
    assert page.text.index("On these images") < page.text.index("The policy")


def test_a_comparison_of_another_policy_is_not_called_the_found_one(run):
    write_compare(run / "compare", make_comparison())
    save_policy(make_policy(3), run / "policy.json")
    text = page_of(run).text
    assert "the found policy" not in text
    assert "On these images the policy runs/digits made no measurable difference" in text


def test_no_augmentation_is_said_plainly(tmp_path):
    run = write_trials(tmp_path / "run")
    save_policy(Policy.none("digits"), run / "policy.json")
    page = page_of(run)
    assert "No augmentation for digits" in page.text
    assert "the search found no policy that does better on these images" in page.text
    assert "No augmentation: every amount of the policy raises the loss." in page.text
    assert "not known yet" not in page.text and "dada export" not in page.text
    assert "What was tried" in page.text and "+8.0 % ± 2.2" in page.text
    assert not page.images


@pytest.mark.parametrize(
    ("settings", "form"),
    [
        ({}, OneStep),
        ({"horizon": "step"}, OneStep),
        ({"horizon": "training"}, Arms),
        ({"method": "dada"}, OneStep),
        ({"method": "trials"}, Arms),
        ({"method": "dada", "horizon": 0.0}, OneStep),
        ({"method": "dada", "horizon": 0.5}, Arms),
    ],
)
def test_the_form_of_the_method_is_known_by_the_settings(settings, form):
    """Runs of 0.1 have neither setting: there was no other method. 0.2 had horizons by name, 0.3
    two methods, of which dada was one step ahead."""
    assert method_for(upgraded(settings)) is form


def test_a_search_by_trials_says_how_it_went(tmp_path):
    text = page_of(write_trials(tmp_path / "run")).text
    assert "6 sub-policies of 4 operations searched on 1,437 training images by 15 train" in text
    assert "The effect of each operation" in text and "How often to apply it" in text
    assert "Gain over none" in text and "+8.0 % ± 2.2" in text


def test_after_rounds_of_operations_alone_there_is_one_chart(tmp_path):
    text = page_of(write_trials(tmp_path / "run", rounds=2)).text
    assert "The effect of each operation" in text and "How often to apply it" not in text
