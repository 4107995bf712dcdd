"""Baselines for rewards. A baseline does not depend on its own draw, so it adds no bias."""

from __future__ import annotations

import torch
from torch import Tensor


def leave_one_out(rewards: Tensor, resemblance: Tensor | float = 1.0) -> Tensor:
    """The baseline of each reward, from the other rewards (Kool et al. 2019; Kreutzer et al. 2017).

    With one view per image, it is the mean of the other images' rewards. With more, an image's
    other views tell how high its rewards are in general: the baseline lies between the other
    images' mean and the mean of the image's other views. The weight of the latter that predicts
    best is, for V views, (V − 1) r / (1 + (V − 2) r), where r is the correlation between views of
    an image (the best linear predictor of a random-effects model; Searle, Casella, McCulloch 1992,
    section 7).

    Args:
        rewards: (V, B), V independent draws for each of B images.
        resemblance: r in [0, 1]. For no bias at all, do not compute it from these rewards.
            1 compares an image with its own other views only.

    Returns:
        (V, B) baselines; zeros if there is only one reward.

    Examples:
        >>> import torch
        >>> leave_one_out(torch.tensor([[1.0, 2.0, 6.0]]))  # the means of the other two
        tensor([[4.0000, 3.5000, 1.5000]])
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
    """Covariance between views of an image, and variance of a reward; their ratio is r.

    Args:
        rewards: (V, B).

    Returns:
        Two scalars. The covariance is never negative, and 0 if there is only one view.

    Examples:
        >>> import torch
        >>> resemblance_of_views(torch.tensor([[1.0, 5.0], [1.0, 5.0]]))  # views agree: r = 1
        (tensor(4.), tensor(4.))
    """
    views, images = rewards.shape
    variance = rewards.var(unbiased=False)
    if views == 1 or images == 1:
        return torch.zeros_like(variance), variance
    # The variance of image means is covariance + (variance − covariance) / V.
    of_means = rewards.mean(0).var(unbiased=False)
    return ((views * of_means - variance) / (views - 1)).clamp_min(0), variance
