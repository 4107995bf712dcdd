"""What is kept of what was tried."""

import pytest

from dada.policy import Operation, SubPolicy
from dada.searching.methods.fast_autoaugment.tried import Tried, best, without_repetition


def tried(*losses):
    return [Tried((), loss, accuracy=1 / (1 + n)) for n, loss in enumerate(losses)]


@pytest.mark.parametrize(
    ("share", "kept"), [(0.05, [1.0]), (0.5, [1.0, 2.0]), (1.0, [1.0, 2.0, 3.0, 4.0])]
)
def test_the_best_share_is_kept_and_at_least_one(share, kept):
    assert [one.loss for one in best(tried(3.0, 1.0, 4.0, 2.0), share, "loss")] == kept


def test_ten_of_two_hundred_are_kept_as_published():
    assert len(best(tried(*range(200)), 0.05, "loss")) == 10


def test_accuracy_is_the_other_reward():
    assert [one.loss for one in best(tried(3.0, 1.0, 2.0), 0.6, "accuracy")] == [3.0, 1.0]


def test_of_equal_ones_the_first_is_kept():
    equal = [Tried((((name, 0.5, 0.5),),), 1.0, 0.5) for name in ("Rotate", "Invert")]
    assert best(equal, 0.5, "loss") == equal[:1]


def test_a_set_is_made_of_sub_policies_also_as_a_file_has_it():
    one = Tried([[["Rotate", 0.25, 0.75], ["Rotate", 1.0, 0.0]]], 1.0, 0.5)
    assert one.parts == (
        SubPolicy((Operation("Rotate", 0.25, 0.75), Operation("Rotate", 1.0, 0.0))),
    )


def test_sub_policies_of_the_same_operations_in_the_same_order_are_kept_once():
    def pair(first, second, magnitude):
        return SubPolicy((Operation(first, 0.5, magnitude), Operation(second, 0.5, magnitude)))

    found = without_repetition(
        [
            pair("Rotate", "Invert", 0.1),
            pair("Invert", "Rotate", 0.2),
            pair("Rotate", "Invert", 0.3),
        ]
    )
    assert found == [pair("Rotate", "Invert", 0.1), pair("Invert", "Rotate", 0.2)]
