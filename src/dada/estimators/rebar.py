"""REBAR (Tucker et al. 2017): RELAX with the reward of the relaxed draw as control variate."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from dada.estimators.relax import relax


def rebar(
    reward: Tensor,
    log_probability: Tensor,
    relaxed_reward: Callable[[Tensor], Tensor],
    relaxed: Tensor,
    relaxed_given_draw: Tensor,
    scale: Tensor | float = 1.0,
) -> Tensor:
    """The estimate [f(b) − η f(σ(z̃))] ∇log p(b) + η ∇f(σ(z)) − η ∇f(σ(z̃)), as a surrogate.

    Unbiased for every scale η and every temperature. It needs f and its derivative at relaxed
    draws: for augmentation, the reward of a blend of images, which no training step computes.

    Args:
        reward, log_probability, relaxed, relaxed_given_draw: as in `relax`.
        relaxed_reward: maps a relaxed sample z to f(σ(z)), (B,).
        scale: η; a tensor with a graph can be learned with `variance_objective`.

    Returns:
        (B,) surrogate; its gradient with respect to the parameters is the estimate.

    Examples:
        For one fair bit and f(b) = 3b, the gradient of E[f] is 3/4. So is the mean of the estimate
        over all noise, on a grid:

        >>> import torch
        >>> from dada.estimators import bernoulli, bernoulli_given
        >>> grid = (torch.arange(200) + 0.5) / 200
        >>> u, v = torch.cartesian_prod(grid, grid).T
        >>> theta = torch.zeros((), requires_grad=True)
        >>> z = bernoulli(theta, u)
        >>> bit = z > 0
        >>> log_p = torch.distributions.Bernoulli(logits=theta).log_prob(bit.float())
        >>> given = bernoulli_given(theta, bit, v)
        >>> rebar(3 * bit.float(), log_p, lambda z: 3 * z.sigmoid(), z, given).mean().backward()
        >>> round(theta.grad.item(), 3)
        0.75
    """
    return relax(
        reward, log_probability, lambda z: scale * relaxed_reward(z), relaxed, relaxed_given_draw
    )
