"""What a budget chooses, for machines of known speed."""

from types import SimpleNamespace

import pytest

from dada.comparison.pace import Pace
from dada.comparison.plan import Allowed, Plan, Rehearsed, fitted
from dada.tasks.classification import Classification

ROWS = ("crop", "policy", "uniform policy", "TrivialAugment", "RandAugment", "Cutout")
ALL = frozenset({"model", "epochs", "images", "pixels", "rows"})
SPEEDS = {(None, None): 0.01, ("wrn-16-2", 32): 0.002, ("proxy-32", 32): 0.0002}
"""Seconds per image: of the usual network, at a lower resolution, of the proxy."""


class Machine:
    """Rehearsals by a clock that they move, each by ten seconds."""

    def __init__(self, budget, images=2000, tests=600, weights=None, speeds=SPEEDS):
        self.now, self.budget, self.tried, self.speeds = 0.0, budget, [], speeds
        self.bench = SimpleNamespace(
            images=range(images),
            settings=SimpleNamespace(epochs=60, model="wrn-16-2", weights=weights, backbone=None),
            dataset=SimpleNamespace(
                side=(96, 96), classes=("a", "b"), task=Classification(), test=range(tests)
            ),
            device=SimpleNamespace(type="cpu"),
        )

    def rehearse(self, model, pixels):
        self.now += 10
        self.tried.append((model, pixels))
        image = self.speeds[model, pixels]
        pace = Pace(0.1, image, dict.fromkeys(ROWS, 0.0), image / 3, 2)
        return Rehearsed(self.bench, ROWS, pace)

    def fit(self, free=ALL, seeds=None, more=True):
        def left():
            return self.budget - self.now

        allowed = Allowed(free, essential=3, seeds=seeds, more_seeds=more)
        return fitted(self.rehearse, left, allowed)[:2]


def test_what_fits_stays_as_it_is():
    plan, size = Machine(1e5).fit(more=False)
    assert plan.leaves_all and plan.seeds == 3 and size.fits
    # 18 trainings, two at once: 120,000 images of 10 ms, 600 test images of a third of that.
    assert size.seconds == pytest.approx(9 * (0.1 + 1200 + 2))


def test_time_that_is_left_makes_more_seeds():
    plan, size = Machine(50_000).fit()
    assert plan.leaves_all and plan.seeds == size.seeds == 13
    assert size.seconds <= 50_000 - 10 < size.seconds * 14 / 13
    assert Machine(1e9).fit()[0].seeds == 20
    assert Machine(50_000).fit(seeds=5)[0].seeds == 5


@pytest.mark.parametrize(
    ("budget", "settings", "pixels", "rows"),
    [
        (8000, {"epochs": 44}, None, 6),
        (4000, {"epochs": 30, "images": 1470}, None, 6),
        (1600, {"epochs": 43, "model": "wrn-16-2"}, 32, 6),
        (600, {"epochs": 30, "images": 1065, "model": "wrn-16-2"}, 32, 6),
        (250, {"model": "proxy-32"}, 32, 6),
        (75, {"model": "proxy-32", "epochs": 30, "images": 1226}, 32, 4),
        (35, {"model": "proxy-32", "epochs": 21, "images": 200}, 32, 3),
    ],
)
def test_what_gives_way_and_in_which_order(budget, settings, pixels, rows):
    machine = Machine(budget)
    plan, size = machine.fit()
    assert (plan.settings, plan.pixels) == (settings, pixels)
    assert len(size.rows) == rows and size.rows == ROWS[:rows]
    assert plan.rows == (None if rows == 6 else ROWS[:rows])
    assert size.seconds <= budget - machine.now and plan.seeds == 3
    assert size.fits == (budget > 40)


def test_nothing_that_was_set_changes():
    machine = Machine(600)
    plan, _ = machine.fit(ALL - {"model"})
    assert machine.tried == [(None, None)] and "model" not in plan.settings
    assert plan.pixels is None, "the network is for this resolution"
    plan, _ = Machine(600).fit(ALL - {"epochs"})
    assert "epochs" not in plan.settings
    machine = Machine(75, speeds={**SPEEDS, ("proxy-32", None): 0.0002})
    plan, _ = machine.fit(ALL - {"pixels"})
    assert machine.tried == [(None, None), ("proxy-32", None)]
    plan, size = Machine(5).fit(frozenset(), seeds=4)
    assert plan == Plan({}, seeds=4) and not size.fits, "it is only said what it takes"


def test_pre_trained_weights_keep_their_network_and_need_fewer_images():
    machine = Machine(1100, weights="pretrained")
    plan, size = machine.fit()
    assert machine.tried == [(None, None)]
    assert plan.settings == {"epochs": 30, "images": 396} and size.fits


def test_a_plan_is_the_same_from_a_file():
    plan = Plan({"epochs": 30}, seeds=3, pixels=32, tests=None, rows=("crop", "policy"))
    assert Plan.from_json(plan.as_json()) == plan
