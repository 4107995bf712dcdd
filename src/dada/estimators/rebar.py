"""REBAR (Tucker et al. 2017): RELAX whose control variate is the reward of the relaxed draw."""

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

    Unbiased for every scale η and temperature. It needs f, and f's derivative, at relaxed draws:
    for augmentation that is the reward of a blend of images, which no training step computes.

    Args:
        reward, log_probability, relaxed, relaxed_given_draw: as in `relax`.
        relaxed_reward: from a relaxed sample z to f(σ(z)), (B,).
        scale: η; where it is a tensor with a graph, `variance_objective` teaches it.

    Returns:
        (B,) surrogate; its gradient with respect to the parameters is the estimate.
    """
    return relax(
        reward, log_probability, lambda z: scale * relaxed_reward(z), relaxed, relaxed_given_draw
    )
