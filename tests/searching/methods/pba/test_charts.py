"""The page's charts, from records alone."""

from math import isnan

from dada.report.figures import draw
from dada.searching.methods.pba.charts import charts, summary
from tests.searching.methods.pba.test_history import HISTORY

RECORDS = [
    {"population": one._asdict(), "seconds": 30.0, "findings": {"notes": []}} for one in HISTORY
]
SETTINGS = {
    "model": "proxy-32",
    "seed": 4,
    "padding": 1,
    "flip": False,
    "cutout": 0,
    "crop": "padded",
}
NAMES = [["Rotate"], ["Invert"]]


def test_each_trial_has_a_line_over_its_ancestors_that_ends_where_it_was_replaced():
    trials, _ = charts(SETTINGS, NAMES, RECORDS)
    assert trials.x == [3, 6, 8]
    paths = [[None if isnan(y) else round(y) for y in series.y] for series in trials.series]
    assert paths[:2] == [[10, None, None], [20, 30, None]], (
        "trials 1 and 3, before they were copies"
    )
    assert paths[2:] == [[30, 50, 60], [30, 40, 50], [30, 50, 70]]
    assert [series.label for series in trials.series] == [""] * 4 + ["best trial"]


def test_the_schedule_is_shown_epoch_by_epoch():
    _, schedule = charts(SETTINGS, NAMES, RECORDS)
    assert list(schedule.x) == list(range(1, 9))
    rotate, invert = schedule.panels
    assert [round(y, 3) for y in rotate.series[0].y] == [0, 0, 0, 0.15, 0.15, 0.15, 0.1, 0.1]
    assert [round(y, 3) for y in rotate.series[1].y][3:7] == [0.9, 0.9, 0.9, 0.7]
    assert [round(y, 3) for y in invert.series[0].y][5:] == [0.5, 0.45, 0.45]


def test_they_can_be_drawn_after_one_round_and_after_several():
    for count in (1, 3):
        for chart in charts(SETTINGS, NAMES, RECORDS[:count]):
            assert draw(chart).startswith("<svg")


def test_the_summary_says_what_was_done_and_what_came_of_it():
    said = summary(SETTINGS, {"parameters": 24_000}, RECORDS)
    assert said.startswith(
        "by a population of 3 trainings of proxy-32 (24,000 parameters), 8 epochs"
    )
    assert "trial 3 and its ancestors" in said and "70.0\N{NO-BREAK SPACE}%" in said
    nothing = [*RECORDS[:-1], {**RECORDS[-1], "findings": {"notes": ["no augmentation: why"]}}]
    assert summary(SETTINGS, {"parameters": 24_000}, nothing).endswith("No augmentation: why.")


def test_where_the_best_trial_never_had_a_policy_the_summary_says_so_and_there_is_no_schedule():
    assert not any(map(any, HISTORY[0].values)), "a policy in later rounds alone"
    said = summary(SETTINGS, {"parameters": 24_000}, RECORDS[:1])
    assert said.endswith("and its ancestors were trained without a policy.")
    (trials,) = charts(SETTINGS, NAMES, RECORDS[:1])
    assert trials.title == "The trials"


def test_where_nothing_was_learned_there_is_no_schedule():
    nothing = {**RECORDS[-1], "findings": {"notes": ["no augmentation: why"]}}
    (trials,) = charts(SETTINGS, NAMES, [*RECORDS[:-1], nothing])
    assert trials.title == "The trials"
