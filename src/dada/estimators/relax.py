"""RELAX (Grathwohl et al. 2018, eq. 8): unbiased, with a learned control variate."""

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
        control: c, from a relaxed sample to (B,). It may depend on anything independent of b.
        relaxed: z, with H(z) = b (`dada.estimators.relaxation`).
        relaxed_given_draw: z̃, with H(z̃) = b from fresh noise.

    Returns:
        (B,) surrogate; its gradient with respect to the parameters is the estimate. The control
        variate's own parameters stay in the graph, for `variance_objective`.

    Examples:
        For one fair bit and f(b) = 3b, the gradient of E[f] is 3/4. So is the mean of the estimate
        over all noise, on a grid, whatever the control variate:

        >>> import torch
        >>> from dada.estimators import bernoulli, bernoulli_given
        >>> grid = (torch.arange(200) + 0.5) / 200
        >>> u, v = torch.cartesian_prod(grid, grid).T
        >>> theta = torch.zeros((), requires_grad=True)
        >>> z = bernoulli(theta, u)
        >>> bit = z > 0
        >>> log_p = torch.distributions.Bernoulli(logits=theta).log_prob(bit.float())
        >>> given = bernoulli_given(theta, bit, v)
        >>> relax(3 * bit.float(), log_p, lambda z: z.tanh(), z, given).mean().backward()
        >>> round(theta.grad.item(), 3)
        0.75
    """
    # z̃ is detached here but not below: eq. 8 does not differentiate the coefficient.
    advantage = reward.detach() - control(relaxed_given_draw.detach())
    return advantage * log_probability + control(relaxed) - control(relaxed_given_draw)


def variance_objective(surrogate: Tensor, parameters: Sequence[Tensor]) -> Tensor:
    """Mean over draws of ‖estimate‖², the loss that trains the control variate.

    The mean of the estimate does not depend on the control variate, so minimising its second moment
    minimises its variance (Grathwohl et al. 2018, section 3.1).

    Args:
        surrogate: (B,) from `relax`.
        parameters: tensors (B, …), each row the parameters of one draw.

    Returns:
        Scalar with a graph to the control variate's parameters.

    Examples:
        A reward that is always 3 has no gradient; the control variate c = 3 removes all variance:

        >>> import torch
        >>> theta, z = torch.zeros(4, requires_grad=True), torch.tensor([1.0, -2.0, 3.0, -4.0])
        >>> log_p = torch.distributions.Bernoulli(logits=theta).log_prob((z > 0).float())
        >>> for c in (0.0, 3.0):
        ...     surrogate = relax(torch.full((4,), 3.0), log_p, lambda z: 0 * z + c, z, z)
        ...     variance_objective(surrogate, [theta]).item()
        2.25
        0.0
    """
    estimates = torch.autograd.grad(surrogate.sum(), parameters, create_graph=True)
    return torch.stack([estimate.square().sum() for estimate in estimates]).sum() / len(surrogate)
