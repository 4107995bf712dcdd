"""A control variate with a known expectation: a model of the rewards."""

from __future__ import annotations

from torch import Tensor


def with_critic(
    reward: Tensor,
    predicted: Tensor,
    log_probability: Tensor,
    expected: Tensor,
    correction: float = 1.0,
) -> Tensor:
    """The estimate ∇E[c(b)] + λ (f(b) − c(b)) ∇log p(b), as a surrogate.

    c is a model of f, simple enough for its expectation to be computed by enumeration or in closed
    form. What c explains adds no variance. With λ = 1 the estimate is unbiased for every c that
    does not depend on this draw's reward (all-action policy gradients, Asadi et al. 2017; the
    control variates of Gu et al. 2017). With λ = 0 it is the gradient of the model: its bias is
    ∇E[c − f], and its only variance is that of fitting c.

    Args:
        reward: (B,) f(b), less a baseline if any.
        predicted: (B,) c(b), less the same baseline.
        log_probability: (B,) log p(b) with the graph to the parameters.
        expected: scalar or (B,) E[c(b)] with the graph to the parameters.
        correction: λ in [0, 1].

    Returns:
        (B,) surrogate; the gradient of its mean is the estimate.

    Examples:
        For one fair bit and f(b) = 3b, whose E[f] has the gradient 3/4, both draws together give
        exactly that, however poor the model c(b) = 1 + b:

        >>> import torch
        >>> theta, bits = torch.zeros((), requires_grad=True), torch.tensor([0.0, 1.0])
        >>> log_p = torch.distributions.Bernoulli(logits=theta).log_prob(bits)
        >>> expected = 1 + theta.sigmoid()
        >>> torch.autograd.grad(with_critic(3 * bits, 1 + bits, log_p, expected).mean(), theta)
        (tensor(0.7500),)
    """
    return expected + correction * (reward - predicted).detach() * log_probability
