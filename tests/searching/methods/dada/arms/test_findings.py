"""What is recorded and said of the rounds."""

import json
import math

import numpy as np
import pytest
import torch
from scipy import stats

from dada.searching.methods.dada.arms.findings import Findings
from dada.searching.noise import log_losses

NAMES = ("Rotate", "Invert", "Color")
ALONE = [[1.0, 0.8, 1.5, 1.0], [1.2, 0.97, 1.78, 1.21]]


def found(alone=ALONE, probabilities=(), names=NAMES, learned=True, rivals=()):
    logs = (log_losses(losses) for losses in (alone, probabilities))
    return Findings.of(names, *logs, 0.6, learned=learned, rivals=rivals)


def test_effects_are_against_no_policy_with_their_standard_error():
    record = found().record()
    rotate = record["operations"]["Rotate"]
    expected = (math.log(1.0 / 0.8) + math.log(1.2 / 0.97)) / 2
    assert rotate["effect"] == pytest.approx(expected)
    assert record["operations"]["Invert"]["effect"] < 0 < rotate["effect"]
    assert rotate["standard_error"] == record["noise"]["standard_deviation"]  # of two rounds
    assert rotate["p_value"] < 0.01 and record["operations"]["Color"]["p_value"] > 0.5
    assert sum(o["share"] for o in record["operations"].values()) == pytest.approx(1)
    assert (
        record["probability"] is None
        and 0.9 < record["reliability_limit"] < record["reliability"] < 1
    )


def test_a_single_round_claims_no_certainty():
    record = found(ALONE[:1]).record()
    assert record["reliability_limit"] is record["reliability"] is None
    for operation in record["operations"].values():
        assert operation["standard_error"] is operation["p_value"] is None
    assert record["notes"] == []


def test_the_share_of_the_best_does_not_depend_on_what_none_comes_to():
    other = [[9.0, *row[1:]] for row in ALONE]
    assert torch.equal(found(other).shares, found().shares)


def test_the_record_is_plain_data():
    probabilities = [[1.0, 0.8, 0.75, 0.8, 0.9]] * 2
    for given in ((ALONE[:1], ()), (ALONE, ()), (ALONE, probabilities[:1]), (ALONE, probabilities)):
        record = found(*given).record()
        assert json.loads(json.dumps(record, allow_nan=False)) == record


@pytest.mark.parametrize("sign", [1, -1])
def test_kinds_that_differ_where_single_operations_do_not_are_named(sign):
    names = ("ShearX", "Rotate", "Cutout", "Invert", "Color", "Posterize", "Contrast")
    spatial = torch.tensor([True] * 3 + [False] * 4)
    effect = torch.where(spatial, -sign, sign).double()
    each = torch.tensor([1.2, -1.1, 0.9, -1.2, 1.0, -0.8, 1.1], dtype=torch.float64)
    saved = 0.01 * torch.stack([effect + each, effect - each])
    logs = torch.cat([torch.zeros(2, 1, dtype=torch.float64), -saved], 1)
    findings = Findings.of(names, logs, torch.zeros(0, 5), 0.3, spatial=spatial)
    better = "change colours" if sign > 0 else "move or hide pixels"
    assert findings.notes()[0] == (
        "single operations do not differ by more than noise, but their kinds do: those that "
        f"{better} are chosen more often than the others"
    )
    assert findings.record()["kinds_limit"] > findings.reliability_limit == 0
    assert "equally often" in Findings.of(names, logs, torch.zeros(0, 5), 0.3).notes()[0]


def test_rounds_that_contradict_each_other_are_said_to():
    (note, _) = found([[1.0, 0.8, 1.2, 1.0], [1.0, 1.2, 0.8, 1.0]]).notes()
    assert note == "operations do not differ by more than noise, so all are chosen equally often"


def test_what_helps_and_what_hurts_is_named():
    (note,) = found().notes()
    assert note == (
        "of 3 operations, each alone, against no augmentation: better by more than noise: Rotate; "
        "worse: Invert"
    )


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        (
            [[0.67, 0.72, 0.75, 0.8, 0.85]] * 2,
            "no augmentation: every probability raises",
        ),
        (
            [[0.67, 0.65, 0.70, 0.66, 0.72], [0.67, 0.68, 0.66, 0.72, 0.70]],
            "no augmentation: no probability lowers the loss by more than noise (the",
        ),
        (
            [[1.0, 0.8, 0.8, 0.8, 0.8]] * 2,
            "probabilities of 25% to 100% do not differ by more",
        ),
    ],
)
def test_none_and_ties_are_said(probabilities, said):
    assert found(probabilities=probabilities).notes()[-1].startswith(said)


def test_what_is_no_more_than_noise_lies_within_the_interval_that_is_said():
    losses = [[0.67, 0.65, 0.70, 0.66, 0.72], [0.67, 0.68, 0.66, 0.72, 0.70]]
    logs = np.log(losses)
    gains = logs - logs[:, :1]
    rest = logs - logs.mean(0) - logs.mean(1, keepdims=True) + logs.mean()
    error = np.sqrt((rest**2).sum() / 4 * 2 / 2)  # 4 degrees of freedom, 2 rounds
    best, half = 100 * gains.mean(0)[1:].min(), 100 * error * stats.t.ppf(0.975, 4)
    assert abs(best) < half
    said = found(probabilities=losses).notes()[-1]
    assert said.endswith(f"(the best, 25% changes it by {best:+.1f} ± {half:.1f} %)")


def test_a_clear_best_amount_needs_no_note():
    assert len(found(probabilities=[[1.0, 0.9, 0.6, 0.8, 1.2]] * 2).notes()) == 1


def test_a_rival_that_is_better_is_named():
    with_rivals = found(
        probabilities=[[1.0, 0.9, 0.9, 0.9, 0.9, 1.1, 0.5]] * 2, rivals=("one", "two")
    )
    assert with_rivals.winner == "two"
    record = with_rivals.record()["probability"]
    assert (record["chosen"], record["rival"]) == (0.0, "two")
    assert list(record["gains"]) == ["25%", "50%", "75%", "100%", "one", "two"]
    assert record["gains"]["two"]["effect"] == pytest.approx(np.log(2))
    assert with_rivals.notes()[-1].startswith("two is better than the found policy at any")


def test_rivals_that_raise_the_loss_are_said_to():
    hurt = found(probabilities=[[1.0, 1.1, 1.2, 1.3, 1.4, 1.2]] * 2, rivals=("one",))
    assert hurt.winner is None
    assert hurt.notes()[-1].startswith("no augmentation: every probability raises the loss, and so")


@pytest.mark.parametrize("learned", [True, False])
def test_networks_that_only_guess_find_no_augmentation(learned):
    """Of the probabilities, all above 0 are certain gains."""
    probabilities = [[1.0, 0.8, 0.8, 0.8, 0.8], [1.0, 0.8, 0.8, 0.8, 0.8001]]
    findings = found(probabilities=probabilities, learned=learned)
    assert findings.learned is learned and findings.record()["learned"] is learned
    assert bool(findings.choice.probability) is learned
    if not learned:
        assert findings.notes()[-1].startswith(
            "no augmentation: no network did better than guessing"
        )
