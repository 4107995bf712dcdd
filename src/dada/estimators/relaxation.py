"""Discrete draws as a threshold of continuous ones, and the continuous ones given the discrete.

z is the relaxed sample, b = H(z) the draw, z̃ a second relaxed sample with H(z̃) = b.
H is the argmax of a categorical and the sign of a Bernoulli. Given uniform noise all of them are
differentiable in the parameters, which is what REBAR and RELAX need
(Tucker et al. 2017, appendix; Grathwohl et al. 2018, appendix B).

Noise is uniform on the open interval (0, 1); use `open_uniform`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def open_uniform(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Uniform float64 noise strictly inside (0, 1), so that its logarithms are finite."""
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
    """
    return logits.log_softmax(-1) - (-u.log()).log()


def categorical_given(logits: Tensor, index: Tensor, v: Tensor) -> Tensor:
    """z̃: the relaxed categorical given that its argmax is `index`.

    Args:
        logits: (…, S), unnormalised.
        index: (…) int64, the draw.
        v: (…, S) uniform noise, independent of what made the draw.

    Returns:
        (…, S) relaxed sample whose argmax is `index`.
    """
    exponential = -v.log()
    top = exponential.gather(-1, index[..., None])
    # The winner's Gumbel does not depend on the parameters; the others lie below it.
    # −log(E/p + E_top) = −logaddexp(log E − log p, log E_top), without overflow for tiny p.
    below = -torch.logaddexp(exponential.log() - logits.log_softmax(-1), top.log())
    winner = torch.zeros_like(v, dtype=torch.bool).scatter_(-1, index[..., None], True)
    return torch.where(winner, -top.log(), below)


def bernoulli(logits: Tensor, u: Tensor) -> Tensor:
    """Relaxed Bernoulli z = logit p + Logistic(u); z > 0 is a draw of 1."""
    return logits + logistic(u)


def bernoulli_given(logits: Tensor, bit: Tensor, v: Tensor) -> Tensor:
    """z̃: the relaxed Bernoulli given the draw `bit` (bool), from fresh noise v of its shape.

    z̃ = logit p + Logistic(v'), v' uniform where the bit comes from: (1 − p, 1) for a one,
    (0, 1 − p) for a zero. Written in closed form, which keeps the sign exact:
    ±log(1 + v / ((1 − v) · P(other bit))).
    """
    other = torch.where(bit, logsigmoid(-logits), logsigmoid(logits))
    size = torch.nn.functional.softplus(logistic(v) - other)
    return torch.where(bit, size, -size)
