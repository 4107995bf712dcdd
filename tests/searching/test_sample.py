"""What a sample consists of, and how a surrogate becomes gradients in the logits."""

import pytest
import torch

from tests.searching.small import K, S, distribution, flat


def drawn(policy, count, seed=0):
    return policy.sample(count, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [1.0, 6.9])
def test_every_relaxed_sample_has_its_draw_as_its_discrete_value(size):
    """H(z) = b and H(z̃) = b on all of 200,000 draws, with logits as far out as they may go."""
    policy = distribution()
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.copy_(size * parameter.sign())
    sample = drawn(policy, 200_000)
    for z in (sample.z_selection, sample.z_selection_given):
        assert torch.equal(z.argmax(1), sample.sub_policy) and z.isfinite().all()
    for z in (sample.z_applied, sample.z_applied_given):
        assert torch.equal(z > 0, sample.applied) and z.isfinite().all()
    assert sample.magnitude.min() >= 0 and sample.magnitude.max() <= 1


def test_the_log_probabilities_are_those_of_what_was_drawn():
    policy = distribution()
    sample = drawn(policy, 50)
    p, q = policy.weights(), policy.probabilities()
    for g, s in enumerate(sample.sub_policy.tolist()):
        assert sample.log_selection[g].exp().item() == pytest.approx(p[s].item())
        own = torch.where(sample.applied[g], q[s], 1 - q[s])
        assert sample.log_applied[g].exp().item() == pytest.approx(own.prod().item())
    fixed = ~sample.relevant
    assert fixed.any() and (sample.log_magnitude[fixed] == 0).all()


def test_the_gradients_are_those_of_the_mean_over_draws():
    """Of log p: (δ − p) / G a draw for the selection, (b − q) / G for its own bits."""
    policy = distribution()
    count = 30
    sample = drawn(policy, count)
    found = sample.gradients(sample.log_selection + sample.log_applied)
    p, q = policy.weights(), policy.probabilities()
    selection = torch.bincount(sample.sub_policy, minlength=S).double() / count - p
    bits = torch.zeros(S, K, dtype=torch.float64)
    bits.index_add_(0, sample.sub_policy, sample.applied.double() - q[sample.sub_policy])
    torch.testing.assert_close(found.selection, selection, atol=1e-12, rtol=0)
    torch.testing.assert_close(found.probability, bits / count, atol=1e-12, rtol=0)
    assert (found.magnitude == 0).all(), "nothing was asked of them"


def test_a_derivative_counts_where_there_is_one_and_the_magnitude_had_an_effect():
    """m (1 − m) times the derivative in the logit of a magnitude, averaged over draws."""
    policy = distribution()
    sample = drawn(policy, 25)
    derivative = torch.arange(25.0 * K, dtype=torch.float64).view(25, K)
    derivative[::3, 0] = float("nan")
    nothing = torch.zeros(25, dtype=torch.float64) * sample.log_applied
    found = sample.gradients(nothing, derivative)
    expected = torch.zeros(S, K, dtype=torch.float64)
    for g, s in enumerate(sample.sub_policy.tolist()):
        for k in range(K):
            m = sample.magnitude[g, k]
            if sample.relevant[g, k] and not (g % 3 == 0 and k == 0):
                expected[s, k] += derivative[g, k] * m * (1 - m) / 25
    torch.testing.assert_close(found.magnitude, expected, atol=1e-12, rtol=0)
    assert (found.selection == 0).all() and (found.probability == 0).all()


def test_a_derivative_does_not_keep_the_score_from_the_rest():
    """The surrogate's own gradient in the magnitudes stays; the derivative is added to it."""
    policy = distribution()
    sample = drawn(policy, 25)
    score = sample.log_magnitude.sum(1)
    none = torch.full((25, K), float("nan"), dtype=torch.float64)
    alone, both = sample.gradients(score), sample.gradients(score, none)
    assert torch.equal(flat(alone), flat(both)) and (alone.magnitude != 0).any()
    ones = torch.ones(25, K, dtype=torch.float64)
    through = sample.gradients(torch.zeros(25, dtype=torch.float64) * score, ones)
    torch.testing.assert_close(
        sample.gradients(score, ones).magnitude, alone.magnitude + through.magnitude
    )
