"""The relaxed policy against enumeration: images, derivatives, and the policy found."""

from itertools import product

import pytest
import torch

from dada.ops import get
from dada.policy import Scale, SearchSpace
from dada.searching.methods.faster_autoaugment.relaxed import RelaxedPolicy

NAMES = ("Brightness", "Invert", "Solarize")


def relaxed(sub_policies=2, length=2, temperature=0.3, names=NAMES):
    return RelaxedPolicy(
        space=SearchSpace(names, length, Scale("paper")),
        sub_policies=sub_policies,
        temperature=temperature,
        bit_temperature=0.1,
        generator=torch.Generator().manual_seed(3),
    )


def softmax(numbers):
    exponentials = torch.tensor(numbers, dtype=torch.float64).exp()
    return (exponentials / exponentials.sum()).tolist()


def test_a_slot_is_the_weighted_sum_of_its_operations():
    """One image at a time, with kernels and numbers alone."""
    policy, images = relaxed(), torch.randint(0, 256, (4, 1, 6, 6)) / 255
    noise = policy.draw(4, torch.Generator().manual_seed(1))
    found = policy(images, noise).detach()
    for i, s in enumerate(noise.sub_policy.tolist()):
        expected = images[i : i + 1]
        for k in range(2):
            weights = softmax([c / 0.3 for c in policy.choice[s, k].tolist()])
            outcome = torch.zeros_like(expected)
            for o, name in enumerate(NAMES):
                kind, p = get(name), policy.probability[s, k, o].item()
                u = noise.bit[i, k, o].item()
                odds = p / (1 - p) * u / (1 - u)
                bit = odds**10 / (1 + odds**10)
                value = kind.low + (kind.high - kind.low) * policy.magnitude[s, k, o].detach()
                pixels = (expected * 255).round().byte()
                changed = kind.kernel(pixels, value[None]).float() / 255
                outcome += weights[o] * (bit * changed + (1 - bit) * expected)
            expected = outcome
        assert torch.allclose(found[i : i + 1], expected, atol=2e-5)


def test_the_derivative_in_a_choice_is_that_of_the_softmax():
    """w (y − ȳ) / T for an outcome y, of mean ȳ."""
    policy = relaxed(sub_policies=1, length=1, names=("Invert", "Posterize"))
    with torch.no_grad():
        policy.probability.fill_(0.999)
    images = torch.full((1, 1, 2, 2), 200 / 255)
    noise = policy.draw(1, torch.Generator())
    noise.bit.fill_(0.5)
    policy(images, noise).mean().backward()
    kind = get("Posterize")
    value = kind.low + (kind.high - kind.low) * policy.magnitude[0, 0, 1].detach()
    lowered = kind.kernel(torch.full((1, 1, 1, 1), 200).byte(), value[None]).item()
    outcomes = torch.tensor([55.0, lowered]).double() / 255
    weights = torch.tensor(softmax([c / 0.3 for c in policy.choice[0, 0].tolist()]))
    expected = weights * (outcomes - (weights * outcomes).sum()) / 0.3
    assert torch.allclose(policy.choice.grad[0, 0], expected, rtol=1e-4)


def test_all_that_is_learnt_has_a_derivative_in_both_slots():
    policy = relaxed(names=("Rotate", "Brightness", "Solarize"))
    noise = policy.draw(32, torch.Generator().manual_seed(1))
    (policy(torch.rand(32, 1, 24, 24), noise) * torch.rand(24, 24)).sum().backward()
    for parameter in policy.parameters():
        assert parameter.grad.isfinite().all() and (parameter.grad != 0).all()


def test_the_policy_has_every_combination_by_its_chance():
    policy = relaxed()
    found = policy.policy(100, "found", {})
    assert len(found.sub_policies) == 2 * 9
    weights = policy.weights().tolist()
    expected = {}
    for s, a, b in product(range(2), range(3), range(3)):
        parts = [
            (NAMES[o], *(round(part[s, k, o].item(), 6) for part in parts_of(policy)), 0.0)
            for k, o in enumerate((a, b))
        ]
        expected[tuple(parts)] = weights[s][0][a] * weights[s][1][b] / 2
    for sub_policy in found.sub_policies:
        key = tuple((o.name, o.probability, o.magnitude, o.spread) for o in sub_policy.operations)
        assert sub_policy.weight == pytest.approx(expected.pop(key), rel=1e-5)
    assert not expected


def parts_of(policy):
    return policy.probability, policy.magnitude


def test_the_policy_keeps_the_fewest_that_hold_99_percent_of_the_weight():
    policy = relaxed()
    everything = sorted((s.weight for s in policy.policy(100, "", {}).sub_policies), reverse=True)
    kept = len(policy.policy(None, "", {}).sub_policies)
    assert sum(everything[:kept]) >= 0.99 > sum(everything[: kept - 1])
    assert kept < 18
    assert sum(policy.policy(3, "", {}).weights) == pytest.approx(1)


def test_probabilities_and_magnitudes_stay_in_their_range():
    policy = relaxed()
    with torch.no_grad():
        policy.probability.fill_(1.2)
        policy.magnitude.fill_(-0.1)
    policy.clip()
    assert (policy.probability == 0.999).all() and (policy.magnitude == 0).all()
    policy(torch.rand(4, 1, 4, 4), policy.draw(4, torch.Generator())).sum().backward()
    assert policy.probability.grad.isfinite().all()
