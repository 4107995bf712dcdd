"""One step: its losses, what it changes, and a planted optimum."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from dada.augment import Pipeline
from dada.policy import Scale, SearchSpace
from dada.searching.methods.faster_autoaugment.critic import Critic
from dada.searching.methods.faster_autoaugment.relaxed import RelaxedPolicy
from dada.searching.methods.faster_autoaugment.step import Step


def loss(logits, labels):
    return cross_entropy(logits, labels, reduction="none")


def step(names=("Brightness", "Rotate", "Posterize"), policy_lr=0.02, class_weight=0.1, **pipeline):
    torch.manual_seed(0)
    # Without batch normalisation, which would hide the light of a whole batch.
    layers = nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 2)
    critic = Critic(nn.Sequential(*layers), 2)
    generator = torch.Generator().manual_seed(0)
    policy = RelaxedPolicy(
        space=SearchSpace(names, 1, Scale("paper")),
        sub_policies=2,
        temperature=0.2,
        bit_temperature=0.1,
        generator=generator,
    )
    return Step(
        critic=critic,
        policy=policy,
        critic_optimiser=torch.optim.Adam(critic.parameters(), lr=3e-3, betas=(0.0, 0.999)),
        policy_optimiser=torch.optim.Adam(policy.parameters(), lr=policy_lr, betas=(0.0, 0.999)),
        pipeline=Pipeline(mean=(0.4,), std=(0.25,), **{"padding": 0, "flip": False, **pipeline}),
        loss=loss,
        generator=generator,
        class_weight=class_weight,
        penalty_weight=10.0,
    )


def everything(one):
    """Copies of all that is learnt, by name."""
    parts = {"critic": one.critic, "policy": one.policy}
    return {
        f"{part}.{name}": parameter.detach().clone()
        for part, module in parts.items()
        for name, parameter in module.named_parameters()
    }


def batch(count=32, light=0.5):
    """Blobs, of which the first half is this much brighter than the other."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(90, 160, (count, 1, 8, 8), generator=generator).float()
    images[: count // 2] *= light
    return images.byte(), torch.arange(count) % 2


def test_what_it_returns_is_of_the_networks_before_it():
    one = step()
    images, labels = batch()
    before = everything(one)
    one.critic.train()
    logits, _ = one.critic(one.pipeline.normalise(images[16:]))
    expected = loss(logits, labels[16:]).mean()
    found = one(images, labels)
    assert found.shape == (5,) and not found.requires_grad
    assert found[0].item() == pytest.approx(expected.item(), rel=1e-5)
    assert 0 <= found[2] <= 1 and found[4] >= 0
    same = [name for name, value in everything(one).items() if torch.equal(value, before[name])]
    assert same == ["critic.score.2.bias"], "a constant tells nothing apart"


def test_of_an_odd_number_the_last_is_left_out():
    images, labels = batch(17)
    assert torch.equal(step()(images, labels), step()(images[:16], labels[:16]))


def test_all_that_surrounds_the_policy_is_seen():
    """Of both halves: a square that hides everything leaves nothing to tell."""
    found = step(cutout=40)(*batch())
    assert found[3].abs() < 1e-6


@pytest.mark.parametrize(("light", "direction"), [(0.5, 1), (1.5, -1)])
def test_the_policy_learns_what_makes_them_alike_and_in_which_direction(light, direction):
    """Planted: the original images are twice as bright as those that the policy gets, or darker.

    Brightness alone makes them alike, by a factor of 0.1 + 1.8 m.
    """
    one = step(policy_lr=0.04, class_weight=0.0)
    with torch.no_grad():
        for parameter in one.policy.parameters():
            parameter.fill_(0.5)
    images, labels = batch(light=light)
    for _ in range(60):
        one(images, labels)
    shares = one.policy.shares()
    assert shares.argmax() == 0 and shares[0] > 0.6, "Brightness, of three"
    weights = one.policy.weights()[:, 0, 0]
    probability, magnitude = (
        (weights * part[:, 0, 0]).sum() / weights.sum()
        for part in (one.policy.probability, one.policy.magnitude)
    )
    assert probability > 0.6 and direction * (magnitude - 0.5) > 0.1


def test_the_classes_are_kept():
    """Inverted images of a dark and a bright class are like the original ones, of the other class:
    only the classifier tells. The search begins where nearly all are inverted."""
    chances = []
    for class_weight in (0.0, 10.0):
        one = step(("Invert", "AutoContrast"), policy_lr=0.04, class_weight=class_weight)
        with torch.no_grad():
            one.policy.choice.copy_(torch.tensor([0.8, 0.2]).expand(2, 1, 2))
            one.policy.probability.fill_(0.95)
        labels = torch.arange(32) % 2
        noise = torch.randint(-20, 21, (16, 1, 8, 8), generator=torch.Generator().manual_seed(1))
        images = (60 + noise.repeat_interleave(2, 0)).where(
            labels.view(-1, 1, 1, 1) == 0, 195 - noise.repeat_interleave(2, 0)
        )
        for _ in range(60):
            one(images.byte(), labels)
        weights = one.policy.weights()[:, 0, 0]
        chances.append((weights * one.policy.probability[:, 0, 0]).mean().item())
    assert chances[1] < 0.05 and chances[0] > 0.5
