"""What is compared: an estimator, how many draws, which baseline."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from benchmarks._searches import DEFAULTS
from benchmarks.gradient_noise.published import PublishedGradient
from benchmarks.gradient_noise.rebar import RebarGradient, RelaxedReward
from benchmarks.gradient_noise.table import RewardTable
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.one_step.gradients import (
    CriticGradient,
    GumbelSoftmaxGradient,
    PolicyGradient,
    ReinforceGradient,
    RelaxGradient,
)
from dada.searching.methods.dada.one_step.gradients.relax import ControlVariate

TRAIN = {"gradient": 2.0}
"""Every step takes the train and the validation gradient."""


@dataclass(frozen=True)
class Row:
    """One estimator of the study.

    Attributes:
        words: its description.
        strategy: makes the estimator from the distribution and the table.
        cost: number of each primitive per step, besides `TRAIN`.
        views: draws per image, or per batch.
        one_draw: whether a draw is for the whole batch.
        baseline: the mean of others (`dada.searching.methods.dada.one_step.scale`), none, or the
            un-augmented image.
        alone: whether an image's baseline is the mean of its own other views.
        magnitudes: which derivative; None for the score.
        learns: whether it is measured after some steps of learning.
        remembers: whether its estimates share what was learnt, so that they are not independent.
        like: the row with the same single step.
        update: natural, Adam, or the paper's Adam on direct parameters.
    """

    words: str
    strategy: Callable[[PolicyDistribution, RewardTable], PolicyGradient]
    cost: dict[str, float]
    views: int = 1
    one_draw: bool = False
    baseline: Literal["others", "none", "unaugmented"] = "others"
    alone: bool = False
    magnitudes: Literal["straight-through", "pathwise"] | None = None
    learns: bool = False
    remembers: bool = False
    like: str | None = None
    update: Literal["natural", "adam", "paper"] = "natural"


def _reinforce(distribution: PolicyDistribution, table: RewardTable) -> PolicyGradient:
    return ReinforceGradient()


def _relax(distribution: PolicyDistribution, table: RewardTable) -> PolicyGradient:
    torch.manual_seed(0)
    size, length = distribution.table.operation.shape
    control = ControlVariate(size, length, DEFAULTS.hidden, DEFAULTS.temperature)
    return RelaxGradient(control, torch.optim.Adam(control.parameters(), DEFAULTS.control_lr))


def _rebar(distribution: PolicyDistribution, table: RewardTable) -> PolicyGradient:
    control = RelaxedReward(table)
    return RebarGradient(control, torch.optim.Adam(control.parameters(), DEFAULTS.control_lr))


def _critic(memory: float, correction: float = 0.0) -> Callable[..., PolicyGradient]:
    return lambda d, t: CriticGradient(d.table, d.spread, memory, correction)


VIEW = {"rewards": 1.0}
MEMORY = DEFAULTS.memory
ROWS = {
    "published": Row(
        "the published estimator",
        lambda d, t: PublishedGradient(),
        # It computes the training gradient twice, and validation metrics at every step.
        {"gradient": 1.0, "finite difference": 1.0, "forward": 1.0},
        one_draw=True,
        baseline="none",
        magnitudes="straight-through",
        update="paper",
    ),
    "reinforce_batch": Row(
        "REINFORCE, one draw per batch", _reinforce, VIEW, one_draw=True, baseline="none"
    ),
    "reinforce": Row("REINFORCE, one draw per image", _reinforce, VIEW, baseline="none"),
    "leave_one_out": Row("… less the other images' mean", _reinforce, VIEW),
    "unaugmented": Row(
        "… less the un-augmented image's",
        _reinforce,
        {"rewards": 2.0},
        baseline="unaugmented",
    ),
    "views_2_alone": Row(
        "2 views, less the other view", _reinforce, {"rewards": 2.0}, views=2, alone=True
    ),
    "views_2": Row("2 views, best baseline", _reinforce, {"rewards": 2.0}, views=2),
    "views_5": Row("5 views, best baseline", _reinforce, {"rewards": 5.0}, views=5),
    "pathwise": Row(
        "1 view, pathwise magnitudes",
        _reinforce,
        {"rewards and images": 1.0},
        magnitudes="pathwise",
    ),
    "gumbel_softmax": Row(
        "Gumbel-Softmax",
        lambda d, t: GumbelSoftmaxGradient(DEFAULTS.temperature),
        {"rewards and images": 1.0},
        magnitudes="straight-through",
    ),
    "rebar": Row(
        "REBAR (blends as if measured)",
        _rebar,
        {"rewards": 1.0, "rewards and images": 2.0},
        baseline="none",
        learns=True,
    ),
    "relax": Row("RELAX", _relax, VIEW, learns=True),
    "critic_corrected": Row("critic, corrected", _critic(MEMORY, 1.0), VIEW, learns=True),
    "critic_forgetful": Row("critic that forgets every step", _critic(1e-3), VIEW),
    "critic": Row("critic", _critic(MEMORY), VIEW, learns=True, remembers=True),
    "critic_views_2": Row(
        "critic, 2 views", _critic(MEMORY), {"rewards": 2.0}, 2, learns=True, remembers=True
    ),
    "critic_adam": Row("critic, with Adam", _critic(MEMORY), VIEW, like="critic", update="adam"),
}
DEFAULT = "critic"
