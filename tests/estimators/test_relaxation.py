"""H(z) = b and H(z̃) = b on every draw; z̃ given b has z's distribution."""

import torch
from scipy import stats

from dada.estimators import (
    bernoulli,
    bernoulli_given,
    categorical,
    categorical_given,
    open_uniform,
)

DRAWS = 200_000


def noise(*shape, seed=0):
    return open_uniform(shape, torch.Generator().manual_seed(seed))


def test_noise_is_strictly_inside_the_unit_interval():
    u = noise(DRAWS)
    assert u.min() > 0 and u.max() < 1 and u.dtype == torch.float64


def test_categorical_draws_have_the_right_frequencies():
    """Statistical: every frequency within 4 standard errors."""
    p = torch.tensor([0.1, 0.2, 0.7], dtype=torch.float64)
    z = categorical(p.log() + 3.0, noise(DRAWS, 3))
    frequency = torch.bincount(z.argmax(-1), minlength=3) / DRAWS
    assert ((frequency - p).abs() < 4 * (p * (1 - p) / DRAWS).sqrt()).all()


def test_bernoulli_draws_have_the_right_frequency():
    """Statistical: within 4 standard errors."""
    logit = torch.tensor(-0.8, dtype=torch.float64)
    frequency = (bernoulli(logit, noise(DRAWS)) > 0).double().mean()
    p = logit.sigmoid()
    assert (frequency - p).abs() < 4 * (p * (1 - p) / DRAWS).sqrt()


def test_the_conditional_categorical_keeps_every_draw():
    """From even chances to one of e⁻¹¹²⁰, far below the smallest float64."""
    for scale in (0.1, 1.0, 30.0, 700.0):
        logits = scale * torch.tensor([[0.3, -1.0, 0.6, 0.0]], dtype=torch.float64)
        index = categorical(logits.expand(DRAWS, 4), noise(DRAWS, 4)).argmax(-1)
        z = categorical_given(logits.expand(DRAWS, 4), index, noise(DRAWS, 4, seed=1))
        assert (z.argmax(-1) == index).all() and z.isfinite().all()


def test_a_draw_that_hardly_ever_happens_is_kept_too():
    """The conditional samples given the least likely outcome, which no sampling would meet."""
    logits = torch.tensor([-300.0, 0.0, 300.0], dtype=torch.float64).expand(DRAWS, 3)
    for index in range(3):
        given = torch.full((DRAWS,), index)
        z = categorical_given(logits, given, noise(DRAWS, 3))
        assert (z.argmax(-1) == index).all() and z.isfinite().all()
    for bit in (True, False):
        given = torch.full((DRAWS, 3), bit)
        z = bernoulli_given(logits, given, noise(DRAWS, 3))
        assert ((z > 0) == bit).all() and z.isfinite().all()


def test_the_conditional_bernoulli_keeps_every_draw():
    for logit in (-700.0, -20.0, -0.5, 0.0, 3.0, 40.0):
        logits = torch.full((DRAWS,), logit, dtype=torch.float64)
        bit = bernoulli(logits, noise(DRAWS)) > 0
        z = bernoulli_given(logits, bit, noise(DRAWS, seed=1))
        assert ((z > 0) == bit).all() and z.isfinite().all()


def test_the_conditional_samples_are_distributed_as_the_samples():
    """Statistical: Kolmogorov-Smirnov between z and z̃ of the same draws, p > 0.001."""
    logits = torch.tensor([0.5, -0.5, 0.0], dtype=torch.float64).expand(DRAWS, 3)
    z = categorical(logits, noise(DRAWS, 3))
    given = categorical_given(logits, z.argmax(-1), noise(DRAWS, 3, seed=1))
    for column in range(3):
        assert stats.ks_2samp(z[:, column], given[:, column]).pvalue > 0.001
    z = bernoulli(logits[:, 0], noise(DRAWS, seed=2))
    given = bernoulli_given(logits[:, 0], z > 0, noise(DRAWS, seed=3))
    assert stats.ks_2samp(z, given).pvalue > 0.001
