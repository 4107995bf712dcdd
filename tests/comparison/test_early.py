"""When a comparison ends early: how often wrongly, and what for."""

import numpy as np
import pytest
from scipy import stats

from dada.comparison.early import Question, answer, questions, reach, why_stop
from dada.comparison.statistics import half_width, half_width_with
from dada.training.augmentations import BASELINE, Method
from tests.comparison.test_statistics import crossed

PARTS = [(0.0, 0.3, 0.3), (0.05, 0.1, 0.3), (0.1, 0.0, 0.3), (0.0, 0.0, 0.3)]
SEEDS, IMAGES = 8, 150


def run(gaps, asked, seeds=SEEDS):
    """Looks after every seed, as a comparison does: why it stops, and after how many."""
    for done in range(1, seeds):
        wrong = {"found": np.zeros((done, gaps[0].shape[1]))}
        wrong |= {f"rival {n}": -gap[:done] for n, gap in enumerate(gaps)}
        if reason := why_stop([asked], wrong, seeds):
            return reason, done
    return None, seeds


@pytest.mark.parametrize("parts", PARTS)
def test_without_a_difference_looking_after_every_seed_is_seldom_wrong(parts):
    """Of 800 comparisons without a difference, the early looks find one in 1 %, and with the last
    one in 6 %, within three standard errors; with 95 % intervals at every look, far more do."""
    random, one = np.random.default_rng(0), Question("found", ("rival 0",))
    early = late = naive = 0
    trials = 800
    for _ in range(trials):
        gap = crossed(random, SEEDS, IMAGES, *parts)
        reason, _ = run([gap], one)
        early += bool(reason and "certain" in reason)
        late += reason is None and abs(gap.mean()) > half_width(gap)
        naive += any(abs(gap[:n].mean()) > half_width(gap[:n]) for n in range(3, SEEDS + 1))
    three_errors = 3 * (0.05 * 0.95 / trials) ** 0.5
    assert (early + late) / trials <= 0.06 + three_errors
    assert early / trials <= 0.01 + 3 * (0.01 * 0.99 / trials) ** 0.5
    if parts[0]:
        assert naive / trials > 0.07 + three_errors


def test_a_large_difference_is_certain_after_few_seeds():
    gap = crossed(np.random.default_rng(1), SEEDS, 600, 0.005, 0.1, 0.3) - 0.15
    reason, done = run([gap, gap - 0.1], Question("found", ("rival 0", "rival 1")))
    assert done == 4
    assert reason == (
        "after 4 of 8 seeds, as the answer is certain: found is better than every row that needs "
        "no search (99.8 % intervals)"
    )
    reason, _ = run([gap, -gap], Question("found", ("rival 0", "rival 1")))
    assert "found is worse than rival 1" in reason, "one rival that is better decides"
    reason, _ = run([gap], Question("found", ("rival 0",)))
    assert "found is better than rival 0 (" in reason


def test_a_rival_that_is_level_leaves_the_answer_open():
    random = np.random.default_rng(2)
    far, near = (crossed(random, 3, 600, 0.005, 0.1, 0.3) - shift for shift in (0.15, 0.02))
    wrong = {"found": np.zeros((3, 600)), "far": -far, "near": -near}
    assert answer(Question("found", ("far",)), wrong, 0.99)
    assert answer(Question("found", ("far", "near")), wrong, 0.99) is None


def test_what_can_no_longer_be_told_is_hopeless():
    """Seeds agree that there is nothing, so that no more of them can help."""
    gap = crossed(np.random.default_rng(3), SEEDS, 200, 0.0, 0.3, 0.05)
    gap -= gap.mean(1, keepdims=True)
    reason, done = run([gap], Question("found", ("rival 0",)))
    assert done == 3 and reason.startswith(
        "after 3 of 8 seeds, as no answer can be expected for found: "
    )
    assert run([gap - 0.5], Question("found", ("rival 0",)))[0].startswith(
        "after 3 of 8 seeds, as the"
    )


def test_a_certain_answer_and_a_hopeless_one_end_it_together():
    random = np.random.default_rng(7)
    level = crossed(random, 3, 200, 0.0, 0.3, 0.05)
    level -= level.mean(1, keepdims=True)
    wrong = {"crop": np.zeros((3, 200)), "level": level, "far": level + 0.5}
    asked = [Question("level", ("crop",)), Question("far", ("crop",))]
    reason = why_stop(asked, wrong, 8)
    assert reason.startswith("after 3 of 8 seeds, as no answer can be expected for level: ")
    assert why_stop(asked[1:], wrong, 8).startswith(
        "after 3 of 8 seeds, as the answer is certain: far"
    )


def test_equal_answers_are_hopeless():
    assert run([np.zeros((SEEDS, 300))], Question("found", ("rival 0",)))[1] == 3


def test_of_a_metric_by_seed_the_seeds_alone_decide():
    """At the level of the looks, Student's interval of the gaps must exclude zero."""
    gaps = np.array([-0.20, -0.21, -0.19, -0.20])
    wrong = {"found": np.zeros(4), "rival": -gaps}
    reason = why_stop([Question("found", ("rival",))], wrong, 8)
    assert reason.startswith("after 4 of 8 seeds, as the answer is certain: found is better")
    level = 1 - 0.01 / 5
    low, high = stats.ttest_1samp(gaps, 0).confidence_interval(level)
    assert low < high < 0
    far = np.array([-0.20, -0.35, -0.05, -0.20])
    low, high = stats.ttest_1samp(far, 0).confidence_interval(level)
    assert low < 0 < high
    assert (
        answer(Question("found", ("rival",)), {"found": far, "rival": np.zeros(4)}, level) is None
    )
    even = {"found": np.array([0.3, 0.31, 0.29, 0.3, 0.31, 0.29, 0.3]), "rival": np.full(7, 0.3)}
    assert "no answer can be expected" in why_stop([Question("found", ("rival",))], even, 8)


def test_nothing_is_decided_by_fewer_than_three_seeds():
    wrong = {"found": np.zeros((2, 500)), "rival": np.ones((2, 500))}
    assert why_stop([Question("found", ("rival",))], wrong, 8) is None
    assert (
        why_stop([Question("found", ("rival",))], {n: w[:3] for n, w in wrong.items()}, 3) is None
    )


def test_the_reach_is_a_prediction_interval():
    """Of 4,000 comparisons, 95 % end within the reach of their first four seeds."""
    random, held = np.random.default_rng(4), 0
    for _ in range(4000):
        values = random.standard_normal(10)
        low, high = reach(values[:4], 10)
        held += low <= values.mean() <= high
    assert held / 4000 == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / 4000) ** 0.5)


def test_the_interval_with_more_seeds_is_what_it_will_be():
    """In the mean of many, within a tenth."""
    random = np.random.default_rng(5)
    values = [crossed(random, 10, 200, 0.02, 0.2, 0.3) for _ in range(300)]
    expected = np.mean([half_width(v) for v in values])
    assert np.mean([half_width_with(v[:5], 10) for v in values]) == pytest.approx(expected, rel=0.1)


def test_policies_are_asked_about_or_else_all_rows():
    rows = [BASELINE, Method("found", None, given="found"), Method("uniform", None)]
    assert questions(rows) == [Question("found", ("crop and flip", "uniform"))]
    assert questions([rows[0], rows[2]]) == [Question("uniform", ("crop and flip",))]
