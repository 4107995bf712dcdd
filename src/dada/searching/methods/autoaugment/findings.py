"""What the children so far say: which are the best, and whether that may be luck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from dada.report.numbers import count
from dada.searching.noise import CONFIDENCE


class Findings(NamedTuple):
    """The best children so far.

    Attributes:
        best: their numbers, from 0, the best first; of equals, the earlier one.
        accuracy: the best one's, in [0, 1].
        without: the mean without a policy.
        p_value: a bound on the chance that the best of as many trainings without a policy has such
            an accuracy; None if there was only one of them.
        learned: whether any network did better than guessing on the images that judge.
    """

    best: tuple[int, ...]
    accuracy: float
    without: float
    p_value: float | None
    learned: bool

    @property
    def verdict(self) -> str:
        """Whether the best child is better than none, in words that belong to `note`."""
        if self.p_value is None:
            return "which one batch cannot tell from luck"
        if self.p_value <= 1 - CONFIDENCE:
            return "which is more than luck"
        return "which the best of as many without one might reach by luck"

    def note(self, children: int) -> str:
        """What there is to say, in words.

        Args:
            children: how many have been tried.
        """
        if not self.learned:
            return (
                "no network did better than guessing on the images that judge, so the policy means "
                "nothing; more epochs or images, or other labels, may help"
            )
        return (
            f"the best of {count(children, 'training')} with a policy has an accuracy of "
            f"{100 * self.accuracy:.1f} %, against {100 * self.without:.1f} % without one, "
            f"{self.verdict}"
        )


def found(
    rewards: Sequence[float], without: Sequence[float], judges: int, learned: bool, most: int
) -> Findings:
    """Judge the children.

    Every child is trained once, so that the noise is seen where trainings are repeated: without a
    policy. The accuracy of one more such training is Student-distributed around their mean, and
    that of the best of N exceeds a limit at most N times as often (Bonferroni).

    Args:
        rewards: the accuracy of each child, in [0, 1].
        without: that of each training without a policy.
        judges: how many images these are accuracies on.
        learned: as in `Findings`.
        most: how many of the children are the best ones.
    """
    order = np.argsort(-np.asarray(rewards), kind="stable")[:most].tolist()
    accuracy, mean, repeats = rewards[order[0]], float(np.mean(without)), len(without)
    p_value = None
    if repeats > 1:
        spread = max(float(np.std(without, ddof=1)), 1 / judges)
        distance = (accuracy - mean) / (spread * (1 + 1 / repeats) ** 0.5)
        p_value = min(1.0, len(rewards) * float(stats.t.sf(distance, repeats - 1)))
    return Findings(tuple(order), accuracy, mean, p_value, learned)
