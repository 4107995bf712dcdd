"""What PBA explores: by its probabilities, written down anew."""

from collections import Counter
from random import Random

import pytest

from dada.policy import Operation
from dada.searching.methods.pba.values import explored, no_policy, operations_of, shares_of


def chances(value, largest):
    """The probability of each new value, by Algorithm 1 of the paper."""
    found = Counter(dict.fromkeys(range(largest + 1), 0.2 / (largest + 1)))
    for far in range(4):
        found[max(0, value - far)] += 0.8 / 8
        found[min(largest, value + far)] += 0.8 / 8
    return found


@pytest.mark.parametrize("value", [0, 5, 9])
@pytest.mark.parametrize(("place", "largest"), [(0, 10), (1, 9)])
def test_a_value_is_drawn_anew_or_moves_a_little(place, largest, value):
    """Statistical: each new value within 4 standard errors of 20,000 explorations."""
    count, generator = 20_000, Random(0)
    pair = (value, value)
    seen = Counter(explored(pair, generator)[place] for _ in range(count))
    expected = chances(value, largest)
    assert sum(expected.values()) == pytest.approx(1)
    for other in range(largest + 1):
        error = (count * expected[other] * (1 - expected[other])) ** 0.5
        assert abs(seen[other] - count * expected[other]) < 4 * error
    assert set(seen) <= set(range(largest + 1))


def test_values_are_explored_one_by_one_by_the_generator_alone():
    values = (5, 5) * 30
    first = explored(values, Random(1))
    assert first == explored(values, Random(1)) != explored(values, Random(2))
    assert len(first) == 60 and len(set(first)) > 4


def test_the_values_of_each_operation_twice():
    assert no_policy(("Rotate", "Invert")) == (0,) * 8
    assert operations_of((1, 2, 10, 9, 3, 4, 0, 0), ("Rotate", "Invert")) == (
        Operation("Rotate", 0.1, 0.2),
        Operation("Invert", 1.0, 0.9),
        Operation("Rotate", 0.3, 0.4),
        Operation("Invert", 0.0, 0.0),
    )


def test_shares_are_means_of_the_two_times_of_each_operation():
    often, strong = shares_of((1, 2, 10, 9, 3, 4, 0, 0))
    assert often == pytest.approx([0.2, 0.5])
    assert strong == pytest.approx([(0.1 * 0.2 + 0.3 * 0.4) / 0.4, 0.9])
    assert shares_of((0, 7, 0, 5)) == ([0.0], [0.0]), "never applied"
