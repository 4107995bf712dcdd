"""Running statistics of the rewards: their usual size, and how alike views of an image are."""

from __future__ import annotations

import torch
from torch import Tensor

from dada.estimators import leave_one_out, resemblance_of_views

_FADE = 0.05


class RewardScale:
    """Subtracts baselines from rewards and divides by their usual size.

    Both use the statistics from before this step, so that they do not depend on its draws; the
    first step has only its own. (The published code uses rewards as they are.)
    """

    def __init__(self) -> None:
        self.statistics = torch.zeros(3, dtype=torch.float64)

    def __call__(self, rewards: Tensor) -> tuple[Tensor, Tensor]:
        """Compare rewards with their baselines.

        Args:
            rewards: (V, D) of V views of D images, or of V draws for a whole batch (D = 1).

        Returns:
            (V, D) advantages in units of the usual size, and the unit, a scalar.
        """
        now = torch.stack([rewards.square().mean(), *resemblance_of_views(rewards)])
        if not self.statistics[0] > 0:
            self.statistics = now
        mean_square, covariance, variance = self.statistics
        self.statistics = torch.lerp(self.statistics, now, _FADE)
        unit = mean_square.sqrt().clamp_min(1e-30)
        resemblance = covariance / variance.clamp_min(1e-30)
        return (rewards - leave_one_out(rewards, resemblance)) / unit, unit
