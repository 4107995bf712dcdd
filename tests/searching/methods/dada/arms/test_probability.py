"""How much of a policy: closed forms, measured losses, and noise alone."""

import numpy as np
import pytest
import torch
from scipy.optimize import bisect

from dada.searching.methods.dada.arms.probability import PROBABILITIES, best_probability, choose
from dada.searching.methods.dada.arms.reliability import reliability_limit
from dada.searching.noise import CONFIDENCE, Noise, noise


def logs(*rounds):
    return torch.tensor(rounds, dtype=torch.float64).log()


TRIED = np.array(PROBABILITIES[1:])


def agreed(rewards):
    """Two rounds that agree."""
    return torch.tensor(np.array([rewards, rewards]))


@pytest.mark.parametrize(("peak", "expected"), [(0.6, 0.6), (0.0, 0.25), (2.0, 1.0)])
def test_the_probability_is_the_peak_of_a_parabola_within_the_tried(peak, expected):
    assert best_probability(agreed(-((TRIED - peak) ** 2)), 0.0) == expected


def test_noise_at_one_probability_is_smoothed():
    rewards = [-1.0, -0.5, -0.45, -0.55]  # by the parabola of least squares, by hand:
    a, b, _ = np.linalg.lstsq(np.vander(TRIED, 3), np.array(rewards), rcond=None)[0]
    assert best_probability(agreed(rewards), 0.0) == pytest.approx(-b / (2 * a), abs=0.05)


@pytest.mark.parametrize("level", [0.0, 0.1, 1 / 3, 1e3])
def test_of_equal_probabilities_the_one_where_a_search_starts_is_taken(level):
    """By rounding, the parabola through equal losses is lowest anywhere."""
    assert best_probability(agreed([level] * 4), 0.0) == 0.5


def test_what_rounds_do_not_agree_on_leaves_the_start():
    rewards = torch.tensor([[0.3, 0.1, 0.0, 0.0], [0.0, 0.2, 0.2, 0.3]])
    assert best_probability(rewards, 0.0) == 0.5


@pytest.mark.parametrize("penalty", [0.05, 0.2, 1.0])
def test_the_penalty_is_the_divergence_from_a_half(penalty):
    """The stationary point of t · parabola − penalty · D(p, 1/2), by bisection."""
    rewards = agreed(-((TRIED - 0.9) ** 2))
    found = best_probability(rewards, penalty)
    shrunk = reliability_limit(rewards)

    def slope(p):
        return shrunk * -2 * (p - 0.9) - penalty * np.log(p / (1 - p))

    assert found == pytest.approx(bisect(slope, 0.5, 0.999), abs=0.026)
    assert 0.5 <= found < 0.9


def test_a_policy_that_clearly_helps_is_applied_as_much_as_helps_most():
    curve = [1.0 + (a - 0.6) ** 2 for a in PROBABILITIES]
    choice = choose(logs(curve, curve), Noise(0.01**2, 19))
    assert choice.probability == 0.6 and choice.p_value < 1e-3 and choice.differ


FEW_DIGITS = [
    ([0.121, 0.099, 0.091, 0.098, 0.093], [0.125, 0.130, 0.116, 0.113, 0.097]),
    ([0.127, 0.084, 0.082, 0.079, 0.086], [0.097, 0.094, 0.087, 0.084, 0.096]),
    ([0.104, 0.080, 0.073, 0.069, 0.051], [0.173, 0.118, 0.104, 0.154, 0.153]),
]


@pytest.mark.parametrize("measured", FEW_DIGITS)
def test_few_digits_are_helped(measured):
    """Measured, from three seeds: 200 digits to train on, 200 to judge by. Trained with the policy,
    a larger network makes a third fewer errors on test images."""
    table = logs(*measured)
    choice = choose(table, noise(table))
    assert choice.probability >= 0.5 and choice.p_value < 0.1


def test_a_policy_that_helps_in_small_amounts_only_is_found():
    curve = [0.70, 0.60, 0.68, 0.80, 0.95]
    choice = choose(logs(curve, curve), Noise(0.02**2, 4))
    assert choice.gains.mean() < 0 and choice.probability == 0.25


@pytest.mark.parametrize(
    ("rounds", "deviation"),
    [
        # Measured on hand signs: every probability is worse than none.
        ([[0.67, 0.72, 0.75, 0.80, 0.85]] * 2, 0.01),
        # The best is better by less than noise.
        ([[0.70, 0.69, 0.70, 0.71, 0.72], [0.72, 0.71, 0.70, 0.73, 0.74]], 0.03),
        # All alike, as when every image is told apart.
        ([[0.5] * 5] * 2, 0.01),
        # An ulp is no gain, however quiet the rounds.
        ([[0.5] + [0.5 - 2**-53] * 4] * 2, 0.0),
    ],
)
def test_no_augmentation_is_chosen_where_no_amount_is_better_than_noise(rounds, deviation):
    assert choose(logs(*rounds), Noise(max(deviation, 1e-3) ** 2, 19)).probability == 0


def test_without_any_estimate_of_noise_a_gain_counts_and_a_loss_does_not():
    unknown = Noise(0.0, 0)
    assert choose(logs([1.0, 0.8, 0.7, 0.7, 0.8]), unknown).probability > 0
    assert choose(logs([1.0, 1.1, 1.2, 1.3, 1.4]), unknown).probability == 0
    assert choose(logs([1.0, 0.9995, 0.9995, 0.9995, 0.9995]), unknown).probability == 0, (
        "too little"
    )


def test_noise_alone_passes_for_a_gain_as_seldom_as_is_said():
    generator, repeats, found = torch.Generator().manual_seed(1), 1000, 0
    for _ in range(repeats):
        probabilities = 0.05 * torch.randn(2, 5, generator=generator, dtype=torch.float64)
        found += choose(probabilities, noise(probabilities)).probability > 0
    level = 1 - CONFIDENCE
    assert abs(found / repeats - level) < 4 * (level * CONFIDENCE / repeats) ** 0.5


CURVE = [np.exp((a - 0.6) ** 2) for a in PROBABILITIES]  # of log losses a parabola; 1 at 0.6


@pytest.mark.parametrize(
    ("rivals", "rival", "probability"),
    [
        ([1.1, 1.3], None, 0.6),
        ([1.1, 0.9], 1, 0.0),
        ([0.8, 0.9], 0, 0.0),
        ([1.0097, 1.1], None, 0.6),  # 0.03 % better than at 50 %: too little to decide
    ],
)
def test_a_rival_is_taken_if_it_is_better_than_the_policy_at_its_best(rivals, rival, probability):
    rounds = logs(*[[*CURVE, *rivals]] * 2)
    choice = choose(rounds, Noise(0.01**2, 19))
    assert (choice.rival, choice.probability) == (rival, probability)
    expected = 0.36 - np.log([*CURVE[1:], *rivals])
    assert choice.gains.numpy() == pytest.approx(expected)


def test_a_rival_must_beat_the_policy_as_found_not_as_shrunk():
    # Three final rounds on photographs of clothes, in per cent of the loss without a policy: 100 %
    # changes it by -10.5 on average and the rival by -9.0; at the shrunk probability the parabola
    # is above that.
    rounds = 1 + 0.01 * torch.tensor(
        [
            [0.0, 3.8, -7.0, -4.8, -3.7, -1.1],
            [0.0, -7.9, -8.5, -6.4, -10.9, -12.5],
            [0.0, -16.2, -12.7, -14.4, -17.0, -13.3],
        ],
        dtype=torch.float64,
    )
    choice = choose(rounds.log(), noise(rounds.log()))
    assert choice.gains.argmax() == 3
    assert choice.rival is None
    assert choice.probability >= 0.5


def test_rivals_that_hurt_like_all_else_leave_none():
    rounds = logs(*[[1.0, 1.1, 1.2, 1.3, 1.4, 1.2, 1.1]] * 2)
    choice = choose(rounds, Noise(0.01**2, 19))
    assert (choice.rival, choice.probability) == (None, 0.0)


def test_a_rival_alone_may_be_better_than_none():
    rounds = logs(*[[1.0, 1.1, 1.2, 1.3, 1.4, 1.2, 0.8]] * 2)
    assert choose(rounds, Noise(0.01**2, 19)).rival == 1
