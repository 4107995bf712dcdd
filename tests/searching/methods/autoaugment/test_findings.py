"""Whether the best child may be luck: against simulated searches in which policies do nothing."""

import numpy as np
import pytest
from scipy import stats

from dada.searching.methods.autoaugment.findings import found

NONE = [0.50, 0.52, 0.51, 0.49]


def judged(rewards, without=NONE, learned=True, most=2):
    return found(rewards, without, judges=1000, learned=learned, most=most)


def test_the_best_come_first_and_of_equals_the_earlier_one():
    assert judged([0.4, 0.6, 0.5, 0.6, 0.6], most=3).best == (1, 3, 4)
    assert judged([0.4], most=3).best == (0,)


def test_the_bound_is_students_for_one_more_training_as_often_as_there_are_children():
    """SciPy's t-test of one observation against four, with a pooled variance."""
    chosen = judged([0.5, 0.56, 0.51])
    oracle = stats.ttest_ind_from_stats(
        0.56, 0, 1, np.mean(NONE), np.std(NONE, ddof=1), 4, alternative="greater"
    )
    assert chosen.p_value == pytest.approx(3 * oracle.pvalue)
    assert (chosen.accuracy, chosen.without) == (0.56, pytest.approx(0.505))


def test_luck_alone_is_called_more_in_no_more_than_a_tenth_of_searches():
    """Statistical: of 2,000 searches with 40 children and 10 trainings without a policy, at most a
    tenth, and 4 standard errors; the bound is not so loose as to say nothing."""
    random = np.random.default_rng(0)
    draws = random.normal(0.6, 0.01, (2000, 50))
    said = np.mean([judged(list(d[:40]), list(d[40:])).p_value <= 0.1 for d in draws])
    assert 0.02 < said < 0.1 + 4 * (0.09 / 2000) ** 0.5


def test_trainings_that_are_all_alike_still_have_the_noise_of_an_image():
    """Student's t with two degrees of freedom has a closed form."""
    t = 1 / (4 / 3) ** 0.5
    expected = 2 * (1 - t / (2 + t**2) ** 0.5) / 2
    assert judged([0.5, 0.501], [0.5, 0.5, 0.5]).p_value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        (judged([0.9]), "against 50.5 % without one, which is more than luck"),
        (judged([0.51]), "which the best of as many without one might reach by luck"),
        (judged([0.9], [0.5]), ", which one batch cannot tell from luck"),
        (judged([0.9], learned=False), "no network did better than guessing"),
    ],
)
def test_what_is_said(findings, said):
    assert said in findings.note(1)
