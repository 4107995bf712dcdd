import numpy as np
import pytest
from scipy import stats

from dada.policy import Operation, Policy, SubPolicy
from dada.report.operations import operation_rows, reach
from dada.report.trials import rewards_of

from .conftest import OPERATIONS, PAIRS, make_findings, make_policy, make_round


def test_the_most_frequent_operation_comes_first_with_its_strength():
    rows = operation_rows(make_policy(), None)
    shares = reach(make_policy())
    assert [row["name"] for row in rows] == sorted(shares, key=lambda name: -shares[name])
    assert all(row["gain"] == "" for row in rows)
    assert "degrees" in next(row["strength"] for row in rows if row["name"] == "Rotate")


def test_fixed_strengths_are_a_range_and_not_a_mean():
    """On the paper's scale 0.5 changes nothing, so that a mean may name a strength nobody has."""
    twice = [
        SubPolicy((Operation("Rotate", 0.5, m), Operation("Brightness", 0.5, m)), 1.0)
        for m in (0.4, 0.6, 0.75)
    ]
    rows = {row["name"]: row["strength"] for row in operation_rows(Policy(tuple(twice)), None)}
    assert rows == {"Rotate": "±6 to 15 degrees", "Brightness": "factor 0.82 to 1.45"}
    one = Policy((twice[0], SubPolicy((Operation("Equalize", 1.0, 0.5),), 1.0)))
    rows = {row["name"]: row["strength"] for row in operation_rows(one, None)}
    assert rows == {"Rotate": "±6 degrees", "Brightness": "factor 0.82", "Equalize": ""}


def test_how_many_images_an_operation_reaches():
    both = SubPolicy((Operation("Rotate", 0.5, 0.5), Operation("Rotate", 0.5, 0.5)), 1.0)
    other = SubPolicy((Operation("Invert", 0.4, 0.5),), 3.0)
    assert reach(Policy((both, other))) == pytest.approx({"Rotate": 0.75 / 4, "Invert": 0.3})


def test_gains_are_over_none_with_their_noise():
    rows = {row["name"]: row for row in operation_rows(make_policy(), make_findings())}
    half = 0.01 * stats.t.ppf(0.975, 10)
    assert rows["ShearX"]["gain"].replace("\N{NO-BREAK SPACE}", " ") == f"+8.0 % ± {100 * half:.1f}"
    effects = [rows[name]["effect"] for name in OPERATIONS]
    assert effects == ["helped", "none", "hurt", "none"]


def test_rewards_are_against_the_trial_without_augmentation():
    rounds = [make_round(1), make_round(2), make_round(3, of_amounts=True)]
    rewards = rewards_of(rounds, PAIRS)
    assert list(rewards) == list(OPERATIONS)
    assert rewards["ShearX"] == pytest.approx([np.log(0.5 / 0.4)] * 2)
    assert rewards["Rotate"] == pytest.approx([0, 0])


def test_rewards_of_older_runs_are_against_the_mean_of_the_round():
    old = make_round(1)
    del old["trials"]["no augmentation"]
    rewards = rewards_of([old], PAIRS)
    assert sum(values[0] for values in rewards.values()) == pytest.approx(0)


def test_a_round_of_operations_is_known_by_its_operations():
    """Not by a sign in a name that an operation of one's own may have, too."""
    pairs = [("Rotate", "half 50%")]
    one = make_round(1)
    one["trials"] = {"Rotate": {"loss": 1.0}, "half 50%": {"loss": 0.5}}
    assert set(rewards_of([one], pairs)) == {"Rotate", "half 50%"}
