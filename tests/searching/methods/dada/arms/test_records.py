from __future__ import annotations

import numpy as np
import pytest

from dada.searching.methods.dada.arms.records import probabilities_of, rewards_of, shares_of
from tests.report.conftest import OPERATIONS, PAIRS, make_round

AMOUNTS = [0, 0.25, 0.5, 0.75, 1]


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


def test_a_loss_of_zero_is_as_good_as_the_search_takes_it():
    record = make_round(1)
    record["trials"]["ShearX"]["loss"] = 0.0
    assert rewards_of([record], PAIRS)["ShearX"] == pytest.approx([np.log(0.5 / 1e-3)])


@pytest.mark.parametrize(("of_amounts", "tried"), [(False, None), (True, AMOUNTS)])
def test_a_record_says_what_was_tried(of_amounts, tried):
    """Whatever its trials are called."""
    record = make_round(1, of_amounts) | {"tried_probabilities": tried}
    record["trials"] = {f"{name} 50%": trial for name, trial in record["trials"].items()}
    assert probabilities_of(record, PAIRS) == tried


@pytest.mark.parametrize(("of_amounts", "tried"), [(False, None), (True, AMOUNTS)])
def test_records_of_older_releases_are_known_by_their_trials(of_amounts, tried):
    assert probabilities_of(make_round(1, of_amounts), PAIRS) == tried


def test_an_older_round_of_operations_is_known_by_its_operations():
    """Not by a sign in a name that an operation of one's own may have, too."""
    pairs = [("Rotate", "half 50%")]
    one = make_round(1)
    one["trials"] = {"Rotate": {"loss": 1.0}, "half 50%": {"loss": 0.5}}
    assert set(rewards_of([one], pairs)) == {"Rotate", "half 50%"}


def test_shares_add_up_to_one():
    assert sum(shares_of([0.25, 0.75], [("Rotate", "Invert"), ("Rotate",)]).values()) == 1
