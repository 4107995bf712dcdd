"""A joint space small enough to enumerate: S = 3 sub-policies with K = 2 bits each.

Every draw has the parameters (S logits and S × K logits) as rows of its own, so that one backward
pass gives each draw's estimate of all nine coordinates.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, one_hot

from dada.estimators import (
    bernoulli,
    bernoulli_given,
    categorical,
    categorical_given,
    logistic,
    open_uniform,
)

S, K, DRAWS = 3, 2, 200_000
SELECTION = torch.tensor([0.4, -0.3, 0.1], dtype=torch.float64)
BITS = torch.tensor([[0.5, -0.7], [0.0, 1.0], [-0.4, 0.3]], dtype=torch.float64)
OUTCOMES = list(itertools.product(range(S), *[(0.0, 1.0)] * K))


def reward(selection, bits):
    """A nonlinear polynomial of the one-hot selection (…, S) and its own bits (…, K)."""
    level = selection @ torch.tensor([1.0, -0.5, 2.0], dtype=torch.float64)
    first, second = bits.unbind(-1)
    return (level * first - second).square() + level**3 * first * second / 2 + level


def enumerated(value=reward):
    """(12,) value of every outcome."""
    selection = torch.eye(S, dtype=torch.float64)[[s for s, *_ in OUTCOMES]]
    return value(selection, torch.tensor([bits for _, *bits in OUTCOMES], dtype=torch.float64))


def expectation(values, selection=SELECTION, bits=BITS):
    """Σ p(b) f(b) by enumeration; logits (…, S) and (…, S, K), values of the 12 outcomes."""
    p, q = selection.softmax(-1), bits.sigmoid()
    total = torch.zeros(selection.shape[:-1], dtype=torch.float64)
    for value, (s, *outcome) in zip(values, OUTCOMES, strict=True):
        chance = p[..., s]
        for k, bit in enumerate(outcome):
            chance = chance * (q[..., s, k] if bit else 1 - q[..., s, k])
        total = total + chance * value
    return total


def exact_gradient(value=reward):
    """(9,) ∇ Σ p(b) f(b)."""
    free = SELECTION.clone().requires_grad_(), BITS.clone().requires_grad_()
    gradients = torch.autograd.grad(expectation(enumerated(value), *free), free)
    return torch.cat([g.flatten() for g in gradients])


@dataclass
class Draws:
    """Independent draws with their relaxed samples; all carry the graph to the rows."""

    selection: Tensor  # (N, S) rows
    bits: Tensor  # (N, S, K) rows
    sub_policy: Tensor  # (N,)
    chosen: Tensor  # (N, S) the same, one-hot
    applied: Tensor  # (N, K) of the chosen sub-policy
    log_selection: Tensor  # (N,)
    log_applied: Tensor  # (N,) of its own K bits
    z: Tensor
    z_given: Tensor
    z_bits: Tensor
    z_bits_given: Tensor
    noise_bits: Tensor  # what the bits are made of beside their logits

    @property
    def reward(self):
        return reward(self.chosen, self.applied)

    @property
    def log_probability(self):
        return self.log_selection + self.log_applied

    def estimates(self, surrogate):
        """(N, 9) each draw's estimate."""
        rows = self.selection, self.bits
        found = torch.autograd.grad(
            surrogate.sum(), rows, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return torch.cat([g.flatten(1) for g in found], dim=1)


def draws(count=DRAWS, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape):
        return open_uniform((count, *shape), generator)

    selection = SELECTION.expand(count, S).clone().requires_grad_()
    bits = BITS.expand(count, S, K).clone().requires_grad_()
    z = categorical(selection, noise(S))
    sub_policy = z.detach().argmax(-1)
    chosen = one_hot(sub_policy, S).double()
    own = bits[torch.arange(count), sub_policy]
    u = noise(K)
    z_bits = bernoulli(own, u)
    applied = z_bits.detach() > 0
    return Draws(
        selection,
        bits,
        sub_policy,
        chosen,
        applied.double(),
        (selection.log_softmax(-1) * chosen).sum(-1),
        logsigmoid(torch.where(applied, own, -own)).sum(-1),
        z,
        categorical_given(selection, sub_policy, noise(S)),
        z_bits,
        bernoulli_given(own, applied, noise(K)),
        logistic(u),
    )


def poison(rows):
    """Zeros whose derivative in the rows is not a number: what uses it cannot hide it."""
    return (rows - rows.detach()).flatten(1).sum(1).square().sqrt()


def errors(estimates, exact):
    """Distance of the mean from the exact gradient, in standard errors, coordinate by
    coordinate."""
    standard_error = estimates.std(0) / len(estimates) ** 0.5
    return (estimates.mean(0) - exact) / standard_error


def assert_unbiased(estimates, exact):
    """Statistical: every coordinate of the mean within 4 standard errors."""
    found = errors(estimates, exact)
    assert (found.abs() < 4).all(), found.tolist()
