from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from dada.searching.methods.dada.arms.charts import charts, gains, summary
from tests.report.conftest import OPERATIONS, PAIRS, make_config, make_round

SETTINGS = make_config()["settings"]
ROUNDS = [make_round(1), make_round(2), make_round(3, of_amounts=True)]


def test_charts_are_plain_data():
    found = charts(SETTINGS, PAIRS, ROUNDS)
    assert [chart.kind for chart in found] == ["effects", "lines"]
    data = [asdict(chart) for chart in found]
    assert json.loads(json.dumps(data)) == data


def test_effects_are_in_per_cent_of_the_loss_best_first():
    effects = charts(SETTINGS, PAIRS, ROUNDS)[0]
    means = [100 * np.log(0.5 / loss) for loss in (0.4, 0.5, 0.6, 0.55)]  # as in OPERATIONS
    expected = sorted(zip(means, OPERATIONS, strict=True), reverse=True)
    assert [row.name for row in effects.rows] == [name for _, name in expected]
    assert [row.mean for row in effects.rows] == pytest.approx([mean for mean, _ in expected])
    assert all(row.points == pytest.approx([row.mean] * 2) for row in effects.rows)
    assert effects.x_label.endswith("(against no augmentation)")


def test_effects_of_older_runs_are_against_the_rounds_mean():
    old = make_round(1)
    del old["trials"]["no augmentation"]
    [effects] = charts(SETTINGS, PAIRS, [old])
    assert effects.x_label.endswith("(against the round's mean)")
    assert "after the others' of the same round" in effects.caption


def test_losses_by_probability_are_the_rounds_and_their_mean():
    worse = make_round(4, of_amounts=True)
    for trial in worse["trials"].values():
        trial["loss"] += 0.2
    lines = charts(SETTINGS, PAIRS, [*ROUNDS, worse])[1]
    assert lines.x == [0, 25, 50, 75, 100]
    first, second, mean = lines.series
    assert first.faint and second.faint and mean.marked
    assert first.y == [0.5, 0.4, 0.5, 0.6, 0.55]
    assert mean.y == pytest.approx([0.6, 0.5, 0.6, 0.7, 0.65])


def test_rivals_are_level_lines():
    last = make_round(3, of_amounts=True)
    last["trials"]["TrivialAugment"] = {**last["trials"]["0%"], "loss": 0.3}
    last["tried_probabilities"] = [0, 0.25, 0.5, 0.75, 1]
    last["findings"] = {"probability": {"rival": "TrivialAugment"}}
    lines = charts(SETTINGS, PAIRS, [*ROUNDS[:2], last])[1]
    one, mean, rival = lines.series
    assert one.faint and one.y == mean.y == [0.5, 0.4, 0.5, 0.6, 0.55]
    assert (mean.label, rival.label) == ("the found policy", "TrivialAugment")
    assert rival.y == [0.3] * 5
    assert lines.caption.endswith("TrivialAugment, which is better at any probability.")


def test_what_was_chosen_is_said():
    none = make_round(3, of_amounts=True)
    none["probabilities"] = [[0.0, 0.0]] * len(PAIRS)
    assert "the answer is none" in charts(SETTINGS, PAIRS, [*ROUNDS[:2], none])[1].caption
    none["probabilities"] = [[0.25, 0.25]] * len(PAIRS)
    assert "a probability of 25%" in charts(SETTINGS, PAIRS, [*ROUNDS[:2], none])[1].caption


def test_the_summary_says_how_it_was_searched():
    assert summary(SETTINGS, {"parameters": 1000}, ROUNDS) == (
        "by 15 trainings of wrn-10-1 (1,000 parameters), 20 epochs each, with no augmentation, in "
        "4.5 s: preset demo, seed 3."
    )
    shorter = [*ROUNDS[:2], ROUNDS[2] | {"trial_epochs": 1}]
    assert "1 to 20 epochs each" in summary(SETTINGS, {"parameters": 1000}, shorter)
    assert "by 0 trainings of" in (said := summary(SETTINGS, {"parameters": 1000}, []))
    assert "3 epochs each" in said


def test_gains_have_the_interval_of_their_noise():
    found = gains(ROUNDS)
    half = 0.01 * stats.t.ppf(0.975, 10)
    assert found.by_name["ShearX"].value == 0.08
    assert found.by_name["ShearX"].half_width == pytest.approx(half)
    assert found.notes == ["no augmentation: every amount of the policy raises the loss"]


def test_after_one_round_a_gain_has_no_interval():
    record = make_round(1)
    for operation in record["findings"]["operations"].values():
        operation["standard_error"] = None
    assert gains([record]).by_name["Rotate"].half_width is None


def test_an_older_run_has_no_gains():
    record = make_round(1)
    del record["findings"]
    assert gains([record]) is None
