"""A policy distribution small enough to enumerate, magnitudes included."""

from types import SimpleNamespace

import torch

from dada.policy import Scale, SearchSpace
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.one_step.outcome import Outcome

SPACE = SearchSpace(("ShearX", "Rotate", "Equalize"), 2, Scale("strength"))
S, K = 3, 2
BATCH, BATCHES = 2048, 100  # 204,800 draws


def space(length, operations=("ShearX", "Rotate", "Equalize", "Posterize")):
    return SearchSpace(operations, length, Scale("strength"))


def distribution(space=SPACE, spread=1.0, direct=False, seed=0):
    """With logits of all kinds, from −1 to 1 and beyond."""
    policy = PolicyDistribution(space, spread, direct)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in policy.parameters():
            raw = 0.7 * torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
            bounded = direct and parameter is not policy.selection
            parameter.copy_(raw.sigmoid() if bounded else raw)
    return policy


def reward(draw):
    """A nonlinear function of the sub-policy, its bits and the first one's magnitude; not a sum
    of the operations' effects."""
    level = torch.tensor([1.0, -0.5, 2.0], dtype=torch.float64)[draw.sub_policy]
    bits = draw.applied.double()
    mixed = level * bits[:, 0] - bits[:, 1]
    strength = (draw.magnitude * draw.relevant)[:, 0]
    return (level + mixed).exp() / 4 + (bits.prod(1) - level).square() + 3 * level * strength**2


def enumerated(policy, points=33):
    """Every draw there is and its chance, with the graph to the policy's parameters.

    Noise of magnitudes is summed over a grid, with the logistic density as weights. For functions
    as smooth as these the error of equal steps of 1 is e^(−2π²), of ending at ±16 e⁻¹⁶: both are
    below 1e-6.
    """
    table = policy.table
    size, length = table.operation.shape
    noise = torch.linspace(-16, 16, points, dtype=torch.float64)
    weight = noise.sigmoid() * (-noise).sigmoid()
    weight = weight / weight.sum()
    choices = [range(size), *[(0, 1)] * length, *[range(points)] * length]
    grid = torch.cartesian_prod(*(torch.tensor(list(c)) for c in choices)).view(-1, 1 + 2 * length)
    sub_policy, bits, at = grid[:, 0], grid[:, 1 : 1 + length], grid[:, 1 + length :]
    probability, centre = policy.probability, policy.magnitude.logit()
    if not policy.direct:
        probability, centre = policy.probability.sigmoid(), policy.magnitude
    own = probability[sub_policy]
    chance = policy.selection.softmax(0)[sub_policy]
    chance = chance * torch.where(bits > 0, own, 1 - own).prod(1) * weight[at].prod(1)
    return SimpleNamespace(
        sub_policy=sub_policy,
        applied=bits > 0,
        magnitude=(centre[sub_policy] + policy.spread * noise[at]).sigmoid(),
        relevant=(bits > 0) & table.has_magnitude[sub_policy],
        chance=chance,
    )


def exact_gradient(policy, reward=reward, points=33):
    """∇ of the expected reward in all parameters, one after the other."""
    draws = enumerated(policy, points)
    found = torch.autograd.grad(
        draws.chance @ reward(draws), list(policy.parameters()), materialize_grads=True
    )
    return torch.cat([g.flatten() for g in found])


def flat(groups):
    return torch.cat([g.flatten() for g in groups.all()])


def estimates(policy, strategy, reward=reward, batches=BATCHES):
    """(batches, S + 2·S·K) estimates in the parameters, each from a batch of its own."""
    generator = torch.Generator().manual_seed(1)
    found = []
    for _ in range(batches):
        sample = policy.sample(BATCH, generator)
        policy.zero_grad()
        policy.accumulate(strategy(sample, Outcome(reward(sample))), 1.0)
        found.append(torch.cat([p.grad.flatten() for p in policy.parameters()]))
    return torch.stack(found)


def assert_unbiased(estimates, exact):
    """Statistical: every coordinate of the mean within 4 standard errors; those that nothing
    depends on are exactly 0."""
    error = estimates.mean(0) - exact
    standard_error = estimates.std(0) / len(estimates) ** 0.5
    assert (error.abs() <= 4 * standard_error + 1e-15).all(), (error / standard_error).tolist()
    assert (standard_error > 0).sum() >= S + S * K
