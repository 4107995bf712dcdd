"""What is compared: an estimator, how many draws, which baseline."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from benchmarks._searches import DEFAULTS
from benchmarks.gradient_noise.published import PublishedGradient
from benchmarks.gradient_noise.table import RewardTable
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.gradients import (
    CriticGradient,
    GumbelSoftmaxGradient,
    PolicyGradient,
    ReinforceGradient,
    RelaxGradient,
)
from dada.searching.methods.dada.gradients.relax import ControlVariate

TRAIN = {"gradient": 2.0}
"""Every step takes the train and the validation gradient."""


@dataclass(frozen=True)
class Row:
    """One estimator of the study.

    Attributes:
        words: what it is.
        strategy: makes it, from the distribution and the table.
        cost: how many of each primitive a step takes besides `TRAIN`.
        views: draws for each image, or for the batch.
        one_draw: a draw is for the whole batch.
        baseline: the mean of others (`dada.searching.methods.dada.scale`), none, or the
            un-augmented image.
        alone: an image's baseline is its own other views, whatever they resemble.
        magnitudes: which derivative; None for the score.
        learns: it is measured after some steps of learning.
        remembers: its estimates share what has been learnt, so that they are not independent.
        like: the row whose one step this one's is.
        update: natural, or the paper's Adam on direct parameters.
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


class RelaxedReward(nn.Module):
    """REBAR's control variate: η times the reward of the relaxed draw.

    Rewards are extended linearly between the outcomes of the table, where a search would have
    to blend images of all sub-policies and take the blends' rewards.
    """

    def __init__(self, table: RewardTable) -> None:
        super().__init__()
        self.table = table
        self.scale = nn.Parameter(torch.tensor(0.5, dtype=torch.float64))
        self.reward = torch.empty(0)
        self.temperature = DEFAULTS.temperature

    soften_selection = ControlVariate.soften_selection
    soften_bits = ControlVariate.soften_bits

    def look_up(self, magnitude: Tensor) -> None:
        """Set (G, S, 2, 2) rewards of every sub-policy and bit at these draws' magnitudes."""
        level = 1 + (magnitude.detach() * self.table.levels).long().clamp_max(self.table.levels - 1)
        views = len(magnitude) // len(self.table.reward)
        rewards = self.table.reward.repeat(views, 1, 1, 1)
        rows = torch.arange(len(magnitude))
        first = torch.stack([rewards[:, :, 0], rewards[rows, :, level[:, 0]]], 2)
        last = first[rows, :, :, level[:, 1]]
        self.reward = torch.stack([first[..., 0], last], -1)

    def forward(self, selection: Tensor, bits: Tensor) -> Tensor:
        """(G, S) on the simplex and (G, K) in [−1, 1] to (G,)."""
        on = (bits + 1) / 2
        first, second = torch.stack([1 - on, on], -1).unbind(1)
        return self.scale * torch.einsum("gsab,gs,ga,gb->g", self.reward, selection, first, second)


class RebarGradient(RelaxGradient):
    """RELAX with that control variate is REBAR."""

    def __call__(self, sample, outcome):  # noqa: D102
        self.control.look_up(sample.magnitude)
        return super().__call__(sample, outcome)


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
        # It takes the train gradient twice, and validation metrics at every step.
        {"gradient": 1.0, "finite difference": 1.0, "forward": 1.0},
        one_draw=True,
        baseline="none",
        magnitudes="straight-through",
        update="paper",
    ),
    "reinforce_batch": Row(
        "REINFORCE, one draw a batch", _reinforce, VIEW, one_draw=True, baseline="none"
    ),
    "reinforce": Row("REINFORCE, one draw an image", _reinforce, VIEW, baseline="none"),
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
