"""Settings: what is left open follows from the data, and what cannot be is said in a line."""

import pytest

from dada.errors import UserError
from dada.searching.settings import make_settings


def resolved(digits, **given):
    return make_settings(method="autoaugment", **given).resolve(digits)


def test_what_is_left_open_follows_from_the_data(digits):
    chosen = resolved(digits)
    assert (chosen.fold_images, chosen.epochs, chosen.batch) == (125, 40, 16)
    assert chosen.images == len(digits.train) < 125 + 1500
    assert (chosen.children, chosen.size, chosen.best, chosen.length) == (150, 5, 5, 2)
    assert chosen.rounds_in_all == 10


def test_few_images_leave_half_to_judge(digits):
    chosen = resolved(digits, images=60)
    assert (chosen.fold_images, chosen.batch) == (30, 16)


@pytest.mark.parametrize(
    ("share", "children", "fold"),
    [(0.5, 150, 400), (0.15, 45, 400), (0.1, 45, 266), (0.001, 45, 2)],
)
def test_a_budget_takes_children_then_images_of_the_fold_and_no_judges(
    digits, share, children, fold
):
    chosen = resolved(digits, images=1000, fold_images=400, children=300)
    fewer = chosen.with_images(int(1000 * share))
    assert (fewer.children, fewer.fold_images, fewer.images) == (children, fold, 600 + fold)


@pytest.mark.parametrize(
    ("children", "per_update", "rounds"), [(300, 15, 20), (7, 3, 3), (2, 15, 1)]
)
def test_the_last_batch_may_be_smaller(children, per_update, rounds):
    chosen = make_settings(method="autoaugment", children=children, children_per_update=per_update)
    assert chosen.rounds_in_all == rounds


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"children": 0}, "children: .*greater than or equal to 1"),
        ({"children_per_update": 0}, "children_per_update: .*greater than or equal to 1"),
        ({"size": 101}, "size: .*less than or equal to 100"),
        ({"best": 0}, "best: .*greater than or equal to 1"),
        ({"controller_lr": 0}, "controller_lr: .*greater than 0"),
        ({"plan": (3,)}, "plan: must be 10 numbers of epochs"),
        ({"length": 3, "operations": ("Rotate", "Invert")}, "sub-policies of 3: at least 3"),
        ({"rounds": 3}, "rounds has no effect with method autoaugment"),
        ({"spread": 0.0}, "spread has no effect with method autoaugment"),
        ({"policies": 3}, "policies has no effect with method autoaugment, only with random"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_before_anything_is_loaded(wrong, reason):
    with pytest.raises(UserError, match=reason) as caught:
        make_settings(method="autoaugment", **wrong)
    assert "\n" not in str(caught.value)
