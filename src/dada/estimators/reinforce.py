"""REINFORCE, the score function (Williams 1992)."""

from __future__ import annotations

from torch import Tensor


def reinforce(advantage: Tensor, log_probability: Tensor) -> Tensor:
    """The estimate f(b) ∇log p(b) of ∇E[f(b)], as a surrogate.

    Unbiased, and so is (f(b) − a) ∇log p(b) for any baseline a that does not depend on b:
    see `dada.estimators.baselines`. Its variance is that of f, whatever f's mean differences.

    Args:
        advantage: (…) f(b), less a baseline if any; its graph, if any, is not used.
        log_probability: (…) log p(b) with the graph to the parameters.

    Returns:
        (…) surrogate; its gradient with respect to the parameters is the estimate.

    Example:
        >>> import torch
        >>> logit = torch.zeros(1, requires_grad=True)
        >>> log_p = torch.nn.functional.logsigmoid(logit)
        >>> reinforce(torch.tensor([3.0]), log_p).backward()
        >>> logit.grad.item()
        1.5
    """
    return advantage.detach() * log_probability
