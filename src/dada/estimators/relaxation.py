"""Relaxed samples: continuous samples whose threshold is a discrete draw, also given that draw.

z is the relaxed sample, b = H(z) the draw, z̃ a second relaxed sample with H(z̃) = b.
H is the argmax for a categorical and the sign for a Bernoulli. For given uniform noise, z and z̃ are
differentiable in the parameters, as REBAR and RELAX need (Tucker et al. 2017, appendix;
Grathwohl et al. 2018, appendix B).

Noise is uniform on the open interval (0, 1); use `open_uniform`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def open_uniform(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Uniform float64 noise strictly inside (0, 1), so that its logarithms are finite.

    Examples:
        >>> import torch
        >>> noise = open_uniform((2, 3), torch.Generator().manual_seed(0))
        >>> noise.shape, bool(noise.log().isfinite().all())
        (torch.Size([2, 3]), True)
    """
    noise = torch.rand(
        tuple(shape), dtype=torch.float64, generator=generator, device=generator.device
    )
    return noise.clamp_(1e-12, 1 - 1e-12)


def logistic(u: Tensor) -> Tensor:
    """Standard logistic noise from uniform noise."""
    return u.log() - (-u).log1p()


def categorical(logits: Tensor, u: Tensor) -> Tensor:
    """Relaxed categorical z = log p + Gumbel(u); its argmax is a draw.

    Args:
        logits: (…, S), unnormalised.
        u: (…, S) uniform noise.

    Returns:
        (…, S) relaxed sample.

    Examples:
        Over all noise, on a grid, the first of two outcomes with logits log 3 and 0 is drawn in 3/4
        of the cases:

        >>> import torch
        >>> grid = (torch.arange(200) + 0.5) / 200
        >>> z = categorical(torch.tensor([3.0, 1.0]).log(), torch.cartesian_prod(grid, grid))
        >>> round((z.argmax(-1) == 0).double().mean().item(), 2)
        0.75
    """
    return logits.log_softmax(-1) - (-u.log()).log()


def categorical_given(logits: Tensor, index: Tensor, v: Tensor) -> Tensor:
    """z̃: the relaxed categorical given that its argmax is `index`.

    Args:
        logits: (…, S), unnormalised.
        index: (…) int64, the draw.
        v: (…, S) uniform noise, independent of the noise behind the draw.

    Returns:
        (…, S) relaxed sample whose argmax is `index`.

    Examples:
        >>> import torch
        >>> index, noise = torch.tensor([2, 0, 1]), torch.full((3, 3), 0.5)
        >>> categorical_given(torch.zeros(3, 3), index, noise).argmax(-1)
        tensor([2, 0, 1])
    """
    exponential = -v.log()
    top = exponential.gather(-1, index[..., None])
    # The winner's Gumbel does not depend on the parameters; the others lie below it.
    # −log(E/p + E_top) = −logaddexp(log E − log p, log E_top), without overflow for tiny p.
    below = -torch.logaddexp(exponential.log() - logits.log_softmax(-1), top.log())
    winner = torch.zeros_like(v, dtype=torch.bool).scatter_(-1, index[..., None], True)
    return torch.where(winner, -top.log(), below)


def bernoulli(logits: Tensor, u: Tensor) -> Tensor:
    """Relaxed Bernoulli z = logit p + Logistic(u); z > 0 is a draw of 1.

    Examples:
        Over all noise, on a grid, a bit with logit log 3 is 1 in 3/4 of the cases:

        >>> import torch
        >>> noise = (torch.arange(1000) + 0.5) / 1000
        >>> (bernoulli(torch.tensor(3.0).log(), noise) > 0).double().mean().item()
        0.75
    """
    return logits + logistic(u)


def bernoulli_given(logits: Tensor, bit: Tensor, v: Tensor) -> Tensor:
    """z̃: the relaxed Bernoulli given the draw `bit` (bool), from fresh noise v of the same shape.

    z̃ = logit p + Logistic(v'), with v' uniform on the interval that gives the bit: (1 − p, 1) for a
    one, (0, 1 − p) for a zero. The closed form keeps the sign exact:
    ±log(1 + v / ((1 − v) · P(other bit))).

    Examples:
        >>> import torch
        >>> bit, noise = torch.tensor([True, False]), torch.tensor([0.2, 0.9])
        >>> bernoulli_given(torch.zeros(2), bit, noise) > 0
        tensor([ True, False])
    """
    other = torch.where(bit, logsigmoid(-logits), logsigmoid(logits))
    size = torch.nn.functional.softplus(logistic(v) - other)
    return torch.where(bit, size, -size)
