"""RELAX (Grathwohl et al. 2018, eq. 8): unbiased, with a control variate that is learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def relax(
    reward: Tensor,
    log_probability: Tensor,
    control: Callable[[Tensor], Tensor],
    relaxed: Tensor,
    relaxed_given_draw: Tensor,
) -> Tensor:
    """The estimate [f(b) − c(z̃)] ∇log p(b) + ∇c(z) − ∇c(z̃) of ∇E[f(b)], as a surrogate.

    Unbiased for every control variate c, because E[c(z̃) ∇log p(b) + ∇c(z̃)] = ∇E[c(z)].
    f is a black box: only its value is used.

    Args:
        reward: (B,) f(b); its graph, if any, is not used.
        log_probability: (B,) log p(b) with the graph to the parameters.
        control: c, from a relaxed sample to (B,). May depend on anything independent of b.
        relaxed: z, with H(z) = b (`dada.estimators.relaxation`).
        relaxed_given_draw: z̃, with H(z̃) = b from fresh noise.

    Returns:
        (B,) surrogate; its gradient with respect to the parameters is the estimate. The control
        variate's own parameters stay in the graph, for `variance_objective`.
    """
    # z̃ is held here and free below: the coefficient's own dependence on θ is no part of eq. 8.
    advantage = reward.detach() - control(relaxed_given_draw.detach())
    return advantage * log_probability + control(relaxed) - control(relaxed_given_draw)


def variance_objective(surrogate: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """Mean over draws of ‖estimate‖²: its gradient teaches the control variate.

    The estimate's mean does not depend on the control variate, so the least second moment is
    the least variance (Grathwohl et al. 2018, section 3.1).

    Args:
        surrogate: (B,) from `relax`.
        parameters: tensors (B, …), each row the parameters of one draw.

    Returns:
        Scalar with a graph to the control variate's parameters.
    """
    estimates = torch.autograd.grad(surrogate.sum(), parameters, create_graph=True)
    return torch.stack([estimate.square().sum() for estimate in estimates]).sum() / len(surrogate)
