"""What a reward is compared with. No baseline depends on the draw it is for, so none adds bias."""

from __future__ import annotations

import torch
from torch import Tensor


def leave_one_out(rewards: Tensor, resemblance: Tensor | float = 1.0) -> Tensor:
    """Baseline of each reward from the other rewards (Kool et al. 2019; Kreutzer et al. 2017).

    With one view an image, the mean of the other images' rewards. With more, images differ by a
    level of their own, which an image's other views tell: the baseline moves from the other
    images' mean towards the image's own by the share that predicts best, which for V views is
    (V − 1) r / (1 + (V − 2) r) with r the correlation between views of an image (the best linear
    predictor of a random-effects model; Searle, Casella, McCulloch 1992, section 7).

    Args:
        rewards: (V, B), V independent draws for each of B images.
        resemblance: r in [0, 1], not computed from these rewards if no bias at all is wanted.
            1 compares an image with its own other views alone.

    Returns:
        (V, B) baselines; zeros if there is a single reward.
    """
    views, images = rewards.shape
    total = rewards.sum(0)
    if images > 1:
        others = (total.sum() - total) / (views * (images - 1))
    else:
        others = torch.zeros_like(total)
    if views == 1:
        return others[None]
    own = (total - rewards) / (views - 1)
    if images == 1:
        return own
    r = torch.as_tensor(resemblance, dtype=rewards.dtype, device=rewards.device)
    return torch.lerp(others.expand_as(own), own, (views - 1) * r / (1 + (views - 2) * r))


def resemblance_of_views(rewards: Tensor) -> tuple[Tensor, Tensor]:
    """Covariance between views of an image and variance of a reward; their ratio is r.

    Args:
        rewards: (V, B).

    Returns:
        Two scalars; the covariance is 0 where there is one view, and never negative.
    """
    views, images = rewards.shape
    variance = rewards.var(unbiased=False)
    if views == 1 or images == 1:
        return torch.zeros_like(variance), variance
    # The variance of image means is covariance + (variance − covariance) / V.
    of_means = rewards.mean(0).var(unbiased=False)
    return ((views * of_means - variance) / (views - 1)).clamp_min(0), variance
