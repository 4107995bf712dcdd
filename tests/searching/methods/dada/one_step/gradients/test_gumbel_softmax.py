"""Gumbel-Softmax at work: the derivatives of its relaxations, by hand."""

import torch

from dada.searching.methods.dada.one_step.gradients import GumbelSoftmaxGradient, ReinforceGradient
from dada.searching.methods.dada.one_step.outcome import Outcome
from tests.searching.small import K, S, distribution

DRAWS, TEMPERATURE = 20, 0.5


def outcome(advantage=0.0):
    return Outcome(
        torch.full((DRAWS,), advantage, dtype=torch.float64),
        torch.arange(DRAWS, dtype=torch.float64),
        torch.randn(DRAWS, K, dtype=torch.float64, generator=torch.Generator().manual_seed(1)),
    )


def sampled():
    return distribution().sample(DRAWS, torch.Generator().manual_seed(0))


def test_a_bits_derivative_passes_through_its_sigmoid():
    """c σ(z/τ) (1 − σ(z/τ)) / τ, the mean over draws, in the chosen sub-policy's own logits."""
    sample, earned = sampled(), outcome()
    found = GumbelSoftmaxGradient(TEMPERATURE)(sample, earned)
    soft = (sample.z_applied.detach() / TEMPERATURE).sigmoid()
    rows = earned.applied_derivative * soft * (1 - soft) / TEMPERATURE
    expected = torch.zeros(S, K, dtype=torch.float64).index_add_(0, sample.sub_policy, rows)
    torch.testing.assert_close(found.probability, expected / DRAWS, atol=1e-12, rtol=0)


def test_the_selections_derivative_passes_through_its_softmax():
    """c yₛ (δ − y) / τ for the chosen s. The normalisation of z does not matter to a softmax."""
    sample, earned = sampled(), outcome()
    found = GumbelSoftmaxGradient(TEMPERATURE)(sample, earned)
    expected = torch.zeros(S, dtype=torch.float64)
    for g in range(DRAWS):
        y = (sample.z_selection[g].detach() / TEMPERATURE).softmax(0)
        s = sample.sub_policy[g]
        at_choice = torch.eye(S, dtype=torch.float64)[s]
        expected += earned.selection_derivative[g] * y[s] * (at_choice - y) / TEMPERATURE / DRAWS
    torch.testing.assert_close(found.selection, expected, atol=1e-12, rtol=0)


def test_magnitudes_without_a_derivative_keep_their_score():
    sample = sampled()
    found = GumbelSoftmaxGradient(TEMPERATURE)(sample, outcome(advantage=2.0))
    plain = ReinforceGradient()(sample, outcome(advantage=2.0))
    torch.testing.assert_close(found.magnitude, plain.magnitude, atol=1e-14, rtol=0)
    assert (found.magnitude != 0).any()


def test_it_asks_for_the_derivatives_that_the_others_do_without():
    assert GumbelSoftmaxGradient(TEMPERATURE).needs_derivatives
    assert not ReinforceGradient().needs_derivatives
