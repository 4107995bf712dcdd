"""End a comparison early: once its answer is certain, or cannot become certain any more.

Whoever looks after every seed, and stops at the first 95 % interval that excludes zero, is wrong
more often than one time in twenty: with ten looks about one in five. Here all looks before the last
share 1 % (Bonferroni), and leave the last one as it is (as Haybittle 1971 and Peto et al. 1976 do,
British Journal of Cancer 34:585): the intervals of a comparison that is not stopped, and its
verdict, stand as they are, and looking makes at most one more in a hundred wrong. So far out, the
degrees of freedom of the interval over seeds and images are too many where seeds are few, so
Student's interval over the seeds alone has to exclude zero as well.

To stop because no answer can be expected cannot make a wrong one more likely. It is stochastic
curtailment (Lan, Simon & Halperin 1982): the seeds that are left are taken at either edge of the
95 % prediction interval of their mean, on these test images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from dada.comparison.statistics import LEVEL, TINY, half_width, half_width_with, interval
from dada.report.gaps import FEWEST_IMAGES, FEWEST_SEEDS
from dada.report.numbers import count
from dada.training.augmentations import Method

SPENT = 0.01
"""How often the looks before the last are wrong, at most, all of them together."""


class Question(NamedTuple):
    """Is this row better than each of its rivals?

    Attributes:
        row: its name.
        rivals: names of the others.
    """

    row: str
    rivals: tuple[str, ...]


def questions(methods: Sequence[Method]) -> list[Question]:
    """What a comparison asks: of every policy whether it beats all rows that need no search;
    without a policy, of every row whether it beats the baseline.

    Args:
        methods: the rows; the first is the baseline.
    """
    free = tuple(method.name for method in methods if method.given is None)
    given = [method.name for method in methods if method.given is not None]
    if given:
        return [Question(name, free) for name in given]
    return [Question(name, free[:1]) for name in free[1:]]


def why_stop(asked: Sequence[Question], wrong: Mapping[str, np.ndarray], seeds: int) -> str | None:
    """Why to stop now; None to continue.

    Args:
        asked: the questions.
        wrong: (seeds so far, images) errors of each row, in [0, 1]; or (seeds so far,), a metric
            that is no mean over images, and of which less is better.
        seeds: how many are planned.
    """
    done = len(next(iter(wrong.values())))
    if not FEWEST_SEEDS <= done < seeds:
        return None
    level = 1 - SPENT / (seeds - FEWEST_SEEDS)  # one look after each seed but the last
    answers = [answer(question, wrong, level) for question in asked]
    after = f"after {done} of {count(seeds, 'seed')}"
    if all(answers):
        each = "; ".join(found for found in answers if found)
        return f"{after}, as the answer is certain: {each} ({100 * level:.4g} % intervals)"
    unanswered = [one for one, found in zip(asked, answers, strict=True) if not found]
    if all(hopeless(one, wrong, seeds) for one in unanswered):
        rows = " or ".join(one.row for one in unanswered)
        return (
            f"{after}, as no answer can be expected for {rows}: even if the others came out at the "
            "edge of what is plausible, the intervals would still hold zero; more test images or a "
            "longer training may tell"
        )
    return None


def answer(question: Question, wrong: Mapping[str, np.ndarray], level: float) -> str | None:
    """The answer in words, if it is certain at this level.

    To be better takes every rival to be beaten, which needs no correction for their number; to be
    worse takes one, which does (Bonferroni).
    """
    row, rivals = question
    each = 1 - (1 - level) / len(rivals)
    for rival in rivals:
        if _sign(wrong[row] - wrong[rival], each) > 0:
            return f"{row} is worse than {rival}"
    if any(_sign(wrong[row] - wrong[rival], level) >= 0 for rival in rivals):
        return None
    others = rivals[0] if len(rivals) == 1 else "every row that needs no search"
    return f"{row} is better than {others}"


def _sign(gaps: np.ndarray, level: float) -> int:
    """-1 or 1 if the mean of (seeds, images) or (seeds,) is surely below or above zero, else 0."""
    mean, alone = float(gaps.mean()), interval(_by_seed(gaps).tolist(), level)
    if gaps.ndim > 1 and np.count_nonzero(np.abs(gaps.sum(0)) > TINY) < FEWEST_IMAGES:
        return 0
    half = 1.0 if alone is None else alone
    if gaps.ndim > 1:
        half = max(half, half_width(gaps, level))
    return 0 if abs(mean) <= half else 1 if mean > 0 else -1


def hopeless(question: Question, wrong: Mapping[str, np.ndarray], seeds: int) -> bool:
    """Whether neither answer can be reached with so many seeds."""
    gaps = [wrong[question.row] - wrong[rival] for rival in question.rivals]
    halves = [_half_with(gap, seeds) for gap in gaps]
    edges = [reach(_by_seed(gap), seeds) for gap in gaps]
    better = all(low < -half for (low, _), half in zip(edges, halves, strict=True))
    worse = any(high > half for (_, high), half in zip(edges, halves, strict=True))
    return not better and not worse


def _by_seed(gaps: np.ndarray) -> np.ndarray:
    """(seeds,) the means of (seeds, images), or (seeds,) as they are."""
    return gaps if gaps.ndim == 1 else gaps.mean(1)


def _half_with(gaps: np.ndarray, seeds: int) -> float:
    """The half-width to be expected with so many seeds, by the spread so far."""
    if gaps.ndim > 1:
        return half_width_with(gaps, seeds)
    return float(stats.t.ppf(0.5 + LEVEL / 2, seeds - 1) * gaps.std(ddof=1) / seeds**0.5)


def reach(by_seed: np.ndarray, seeds: int) -> tuple[float, float]:
    """The lowest and the highest mean that is plausible once there are so many seeds.

    Args:
        by_seed: the values so far, of at least two.
        seeds: how many there will be, more than so far.
    """
    done, mean = len(by_seed), float(by_seed.mean())
    left = seeds - done
    spread = float(by_seed.std(ddof=1)) * (1 / left + 1 / done) ** 0.5
    beyond = float(stats.t.ppf(0.5 + LEVEL / 2, done - 1)) * spread * left / seeds
    return mean - beyond, mean + beyond
