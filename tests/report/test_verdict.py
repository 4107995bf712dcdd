from __future__ import annotations

import sys

import pytest

from dada.comparison.statistics import interval
from dada.report import verdict
from dada.report.verdict import (
    judge,
    policy_rows,
    the_best,
)
from dada.tasks import Metric

from .conftest import make_comparison, make_row

FOUND = "policy runs/digits"


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_sentence_without_a_measurable_difference():
    sentence = judge(make_comparison(), FOUND, "the found policy").sentence
    assert plain(sentence) == (
        "On these images the found policy made no measurable difference: test error "
        "5.3 % ± 0.6 against 5.1 % ± 0.6 for crop and flip "
        "(paired difference +0.2 ± 0.9 points over 3 seeds)."
    )


@pytest.mark.parametrize(
    ("difference", "says"), [(-0.02, "the found policy helped"), (0.02, "the found policy hurt")]
)
def test_the_sentence_with_one(difference, says):
    judged = judge(make_comparison(difference, 0.005), FOUND, "the found policy")
    sign = "−" if difference < 0 else "+"
    assert says in judged.sentence
    assert f"{sign}2.0 ± 0.5 points" in plain(judged.sentence)


def test_one_seed_tells_nothing():
    comparison = make_comparison()
    comparison["rows"] = [
        make_row("crop and flip", [0.05]),
        make_row(FOUND, [0.03], -0.02, None),
    ]
    judged = judge(comparison, FOUND)
    assert judged.effect == "unknown"
    assert "one seed cannot tell" in judged.sentence
    assert "helped" not in judged.sentence
    assert "±" not in judged.sentence


def test_the_lowest_error_is_named_whichever_row_it_is():
    assert "the uniform policy" in the_best(make_comparison())


def test_one_sentence_for_each_policy_and_one_for_the_lowest_error():
    lines = verdict(make_comparison())
    assert len(lines) == 2
    assert "the policy runs/digits" in lines[0]


def test_without_policies_each_method_has_its_sentence():
    comparison = make_comparison()
    comparison["rows"].pop(1)
    assert "the uniform policy" in verdict(comparison)[0]


def test_a_row_that_gets_the_same_images_wrong_changed_nothing():
    comparison = make_comparison(0.0, 0.009)
    comparison["rows"][1] |= {"discordant": 0, "errors": comparison["rows"][0]["errors"]}
    judged = judge(comparison, FOUND, "the found policy")
    assert judged.effect == "none"
    assert plain(judged.sentence) == (
        "On these images the found policy changed nothing: over 3 seeds its networks got the same "
        "test images wrong as those of crop and flip, 5.1 % ± 0.6."
    )


@pytest.mark.parametrize(("naive", "said"), [(0.0545, True), (0.0560, False)])
def test_networks_that_learned_nothing_are_said_to_have(naive, said):
    """The lowest error is 4.9 % ± 0.6: 5.5 % or less may be had without looking."""
    sentence = the_best(make_comparison() | {"naive_error": naive})
    assert ("learned next to nothing" in sentence) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [([0.0] * 3, True), ([0.01, 0.0, 0.0], True), ([0.2, 0.21, 0.22], False), ([0.3, 0.4], False)],
)
def test_detectors_that_found_nothing_are_said_to_have_learned_nothing(values, said):
    row = {"name": "crop and flip", "values": values, "mean": sum(values) / len(values)}
    comparison = {
        **{"task": "detection", "baseline": "crop and flip", "naive_mAP": 0.0},
        "rows": [row | {"interval": interval(values)}],
    }
    sentence = plain(the_best(comparison))
    assert ("by finding nothing, it would be 0.0 %: these networks have" in sentence) == said


def beside(rows, **gaps):
    """A comparison of a found policy whose gaps to the free rows are given, in points."""
    comparison = make_comparison(-0.02, 0.004)
    comparison["free"] = ["crop and flip", "TrivialAugment", "uniform policy"]
    comparison["rows"].insert(2, make_row("TrivialAugment", [0.04] * 3, -0.011, 0.004))
    comparison["rows"][1] |= {
        "discordant": 40,
        "against": {
            name: {"difference": gap, "interval": 0.004, "simultaneous": 0.006, "discordant": 40}
            for name, gap in zip(comparison["free"], rows, strict=True)
        },
    }
    comparison["rows"][1] |= gaps
    return comparison


def test_helped_only_where_everything_that_costs_nothing_is_beaten():
    judged = judge(beside([-0.02, -0.009, -0.015]), FOUND, "the found policy")
    assert judged.effect == "helped"
    assert (
        "It is better than every row that needs no search, the best of which is TrivialAugment "
        "at 4.0 % ± 0.6 (paired difference −0.9 ± 0.4 points)."
    ) in plain(judged.sentence)


@pytest.mark.parametrize(
    ("gaps", "named"),
    [([-0.02, -0.003, -0.015], "TrivialAugment"), ([-0.02, -0.009, -0.001], "the uniform policy")],
)
def test_better_than_the_baseline_alone_is_no_help(gaps, named):
    judged = judge(beside(gaps), FOUND)
    assert judged.effect == "none"
    assert "helped: test error" in judged.sentence
    assert f"It is not measurably better than {named}, which needs no search" in judged.sentence


@pytest.mark.parametrize(("gap", "effect"), [(0.005, "none"), (0.007, "hurt")])
def test_the_best_of_many_is_picked_by_its_errors_so_its_interval_is_wider(gap, effect):
    """5 points of a thousand are beyond the interval, but not beyond that for all three rows."""
    judged = judge(beside([-0.02, gap, -0.015]), FOUND)
    assert judged.effect == effect
    assert ("It is worse than TrivialAugment" in judged.sentence) == (effect == "hurt")


def test_two_seeds_tell_nothing():
    comparison = beside([-0.02, -0.009, -0.015], errors=[0.03, 0.03])
    judged = judge(comparison, FOUND)
    assert judged.effect == "unknown"
    assert "2 seeds are too few" in judged.sentence
    assert "better" not in judged.sentence


def test_a_handful_of_images_tells_nothing():
    judged = judge(beside([-0.02, -0.009, -0.015], discordant=5), FOUND)
    assert judged.effect == "unknown"
    assert "the two differ on 5 test images only" in judged.sentence


def test_one_seed_has_an_interval_over_images_and_says_so():
    comparison = beside([-0.02, -0.009, -0.015], errors=[0.03], interval=0.01)
    judged = judge(comparison, FOUND)
    assert judged.effect == "unknown"
    assert "one seed cannot tell that from chance; the interval is over the test images alone" in (
        judged.sentence
    )


def test_rows_that_are_called_after_a_cutout_are_free_all_the_same():
    comparison = make_comparison()
    for row in comparison["rows"]:
        row["name"] += " and Cutout 16"
    comparison["baseline"] = "crop and flip and Cutout 16"
    comparison["free"] = ["crop and flip and Cutout 16", "uniform policy and Cutout 16"]
    assert policy_rows(comparison) == ("policy runs/digits and Cutout 16",)


def test_what_was_said_of_the_baseline_is_not_said_twice():
    comparison = beside([-0.02, -0.03, -0.03])
    for row in comparison["rows"][2:]:
        row["mean"] = 0.07
    judged = judge(comparison, FOUND)
    assert judged.effect == "helped"
    assert judged.sentence.endswith("It is better than every row that needs no search.")
    assert judged.sentence.count("paired difference") == 1


@pytest.mark.parametrize("gaps", [[-0.02, -0.011, -0.015], [-0.02, 0.012, -0.015], [0.02, 0, 0]])
def test_a_metric_that_is_better_higher_has_the_verdicts_of_its_mirror_image(gaps, monkeypatch):
    comparison = beside(gaps) | {"naive_error": 0.0545}
    effects = [judge(comparison, FOUND).effect, "learned" in the_best(comparison)]
    mirrored = comparison | {"naive_error": 1 - 0.0545}
    mirrored["rows"] = [mirror(row) for row in comparison["rows"]]
    accuracy = Metric("accuracy", "test accuracy", lower_is_better=False)
    module = sys.modules["dada.report.verdict"]  # the package has a function of that name
    monkeypatch.setattr(module, "metric_recorded", lambda data: accuracy)
    assert [judge(mirrored, FOUND).effect, "learned" in the_best(mirrored)] == effects
    assert "test accuracy" in judge(mirrored, FOUND).sentence
    assert the_best(mirrored).startswith("The highest mean accuracy in the comparison is 96.")


def mirror(row):
    turned = {key: value for key, value in row.items() if key not in ("errors", "mean")}
    turned |= {"errors": [1 - error for error in row["errors"]], "mean": 1 - row["mean"]}
    if row.get("difference") is not None:
        turned["difference"] = -row["difference"]
    if "against" in row:
        gaps = row["against"].items()
        turned["against"] = {name: gap | {"difference": -gap["difference"]} for name, gap in gaps}
    return turned
