"""How large a comparison is for a given time, against brute force over all sizes."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from dada.comparison.pace import Pace, makespan
from dada.comparison.size import Limits, largest

ROWS = ("crop", "policy", "uniform policy", "TrivialAugment")
LIMITS = Limits(epochs=(3, 6, 12), images=(40, 100, 200), apart=10)


def pace(image=0.01, test=0.001, workers=1):
    return Pace(0.5, image, dict.fromkeys(ROWS, 0.002), test, workers)


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("seconds", [1, 40, 90, 150, 250, 320, 1000])
def test_nothing_larger_fits(seconds, workers):
    """Of all sizes in the order in which they give way, it is the largest that fits."""
    size = largest(pace(workers=workers), LIMITS, ROWS, 3, 50, seconds)
    order = sorted(
        {LIMITS.sized(views) for views in range(LIMITS.views + 1)}, key=lambda s: s[0] * s[1]
    )

    def takes(epochs, images):
        each = 0.5 + epochs * images * 0.012 + 50 * 0.001
        return makespan([each] * 12, workers)

    fitting = [one for one in order if takes(*one) <= seconds] or order[:1]
    assert size.epochs * size.images == fitting[-1][0] * fitting[-1][1]
    assert size.seconds == pytest.approx(takes(size.epochs, size.images))
    assert size.fits == (size.seconds <= seconds and size.epochs >= 6 and size.images >= 100)


def test_a_row_whose_trainings_are_copied_takes_no_time():
    each, other = pace(), replace(pace(), copied=("policy",))
    without = [row for row in ROWS if row != "policy"]
    assert other.comparison(ROWS, 3, 100, 50) == each.comparison(without, 3, 100, 50)


def test_epochs_give_way_down_to_half_then_images_then_epochs():
    found = [LIMITS.sized(views) for views in (2400, 1800, 1200, 1190, 600, 240, 200, 120, 0)]
    assert found == [
        *[(12, 200), (9, 200), (6, 200)],
        *[(6, 190), (6, 100), (6, 40)],  # so that each class has one among those left out
        *[(5, 40), (3, 40), (3, 40)],
    ]


def test_what_the_user_set_stays():
    bench = SimpleNamespace(
        images=range(500),
        settings=SimpleNamespace(epochs=40, weights=None, backbone=None),
        dataset=SimpleNamespace(classes=("a", "b")),
    )
    for views in (0, 100, 5000, 10**6):
        free = Limits.of(bench, frozenset({"images"}))
        assert free.sized(views)[0] == 40 and 200 <= free.sized(views)[1] <= 500
        free = Limits.of(bench, frozenset({"epochs"}))
        assert free.sized(views)[1] == 500 and 10 <= free.sized(views)[0] <= 40
        assert Limits.of(bench, frozenset()).sized(views) == (40, 500)


def test_many_test_images_give_way_only_where_they_take_long():
    slow, quick = pace(test=0.01), pace(test=1e-5)
    assert largest(slow, LIMITS, ROWS, 3, 5000, 1e9).tests == 5000, "all else is as it is"
    assert largest(slow, LIMITS, ROWS, 3, 5000, 200).tests == 1000
    assert largest(quick, LIMITS, ROWS, 3, 5000, 200).tests == 5000


@pytest.mark.parametrize(
    ("jobs", "workers", "expected"),
    [([2, 2, 2], 1, 6), ([2, 2, 2], 2, 4), ([1, 3, 1, 1], 2, 3), ([5], 4, 5), ([], 3, 0)],
)
def test_the_makespan_of_a_few_jobs(jobs, workers, expected):
    assert makespan(jobs, workers) == expected
