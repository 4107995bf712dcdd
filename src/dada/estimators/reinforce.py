"""REINFORCE, the score function (Williams 1992)."""

from __future__ import annotations

from torch import Tensor


def reinforce(advantage: Tensor, log_probability: Tensor) -> Tensor:
    """The estimate f(b) ∇log p(b) of ∇E[f(b)], as a surrogate.

    Unbiased, and so is (f(b) − a) ∇log p(b) for any baseline a that does not depend on b:
    see `dada.estimators.baselines`. All variation of f adds variance, also what has nothing to do
    with b.

    Args:
        advantage: (…) f(b), less a baseline if any; its graph, if any, is not used.
        log_probability: (…) log p(b) with the graph to the parameters.

    Returns:
        (…) surrogate; its gradient with respect to the parameters is the estimate.

    Examples:
        For one fair bit and f(b) = 3b, the gradient of E[f] is 3/4. So is the mean of the estimate
        over both draws:

        >>> import torch
        >>> theta, bits = torch.zeros((), requires_grad=True), torch.tensor([0.0, 1.0])
        >>> log_p = torch.distributions.Bernoulli(logits=theta).log_prob(bits)
        >>> reinforce(3 * bits, log_p).mean().backward()
        >>> theta.grad
        tensor(0.7500)
    """
    return advantage.detach() * log_probability
