"""REBAR (Tucker et al. 2017, arXiv:1703.07370): RELAX with the reward as its control variate."""

import torch
from torch import Tensor, nn

from benchmarks._searches import DEFAULTS
from benchmarks.gradient_noise.table import RewardTable
from dada.searching.methods.dada.one_step.gradients import RelaxGradient
from dada.searching.methods.dada.one_step.gradients.relax import ControlVariate
from dada.searching.methods.dada.one_step.outcome import Outcome
from dada.searching.sample import Groups, Sample


class RelaxedReward(ControlVariate):
    """REBAR's control variate: η times the reward of the relaxed draw.

    Rewards are extended linearly between the outcomes of the table, where a search would have
    to blend images of all sub-policies and take the blends' rewards.
    """

    def __init__(self, table: RewardTable) -> None:
        nn.Module.__init__(self)  # the relaxations are the same; the perceptron is not needed
        self.table = table
        self.scale = nn.Parameter(torch.tensor(0.5, dtype=torch.float64))
        self.reward = torch.empty(0)
        self.temperature = DEFAULTS.temperature

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
    """REBAR: RELAX with that control variate."""

    def __init__(self, control: RelaxedReward, optimiser: torch.optim.Optimizer) -> None:
        super().__init__(control, optimiser)
        self.reward = control

    def __call__(self, sample: Sample, outcome: Outcome) -> Groups:
        """See `PolicyGradient`."""
        self.reward.look_up(sample.magnitude)
        return super().__call__(sample, outcome)
