"""One trial: paired, repeatable, a training like any other."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from dada.models.child import Child
from dada.policy import Operation, Policy, Scale, SubPolicy
from tests.searching.trials import begin, tried

NOTHING = Policy((SubPolicy((Operation("Invert", 0.0, 0.5),)),), Scale("strength"))
INVERT = Policy((SubPolicy((Operation("Invert", 1.0, 0.5),)),), Scale("strength"))


def test_a_trial_is_its_seed_and_leaves_the_callers_randomness_alone(digits):
    search = begin(digits)
    before = torch.get_rng_state()
    one, two = (tried(search, INVERT, 5) for _ in range(2))
    assert one == two and torch.equal(torch.get_rng_state(), before)
    assert tried(search, INVERT, 6) != one


def test_trials_differ_in_nothing_but_the_policy(digits):
    """Weights, order, crops and flips are the same, so that what is applied to no image is as
    good as any other that is applied to none."""
    search = begin(digits)
    rotate = Operation("Rotate", 0.0, 0.9)
    longer = SubPolicy((rotate, Operation("Invert", 0.0, 0.5), rotate))
    for other in ((SubPolicy((rotate,)),), (longer, longer)):  # which take more random numbers
        assert tried(search, NOTHING, 1) == tried(search, Policy(other, Scale("strength")), 1)
    assert tried(search, NOTHING, 1) == tried(search, Policy.none(), 1)
    assert tried(search, NOTHING, 1) != tried(search, INVERT, 1)


def test_a_trial_learns_and_sees_the_augmented_images(digits):
    search = begin(digits, images=400, epochs=15, padding=0)
    plain = tried(search, NOTHING, 0)
    inverted = tried(search, INVERT, 0)
    assert plain.accuracy > 0.8 and plain.train_loss < 0.5
    assert inverted.train_loss < 1 and inverted.accuracy < plain.accuracy - 0.2


def test_the_learning_rate_falls_as_a_cosine(digits, monkeypatch):
    search, rates = begin(digits, epochs=2, images=80, batch=10), []
    monkeypatch.setattr(
        torch.optim.SGD, "step", lambda self: rates.append(self.param_groups[0]["lr"])
    )
    tried(search, NOTHING, 0)
    lr = search.settings.lr
    assert rates == pytest.approx([lr * (1 + math.cos(math.pi * t / 8)) / 2 for t in range(8)])


def test_every_image_is_seen_once_an_epoch(digits, monkeypatch):
    search, seen = begin(digits, epochs=1, images=150, batch=7, padding=0), []
    mean, std = search.settings.mean[0], search.settings.std[0]
    plain = Child.gradient

    def gradient(self, images, labels, weights=None):
        seen.append((images * std + mean).mul(255).round())
        return plain(self, images, labels, weights)

    monkeypatch.setattr(Child, "gradient", gradient)
    tried(search, NOTHING, 0)
    found = torch.cat(seen).flatten(1).long()
    expected = search.folds[0].train.images.flatten(1).long()
    assert sorted(found.tolist()) == sorted(expected.tolist())


def seen_by(search, monkeypatch):
    """Normalised training images of a trial without a policy, in the order that they come."""
    seen, plain = [], Child.gradient

    def gradient(self, images, labels, weights=None):
        seen.append(images.clone())
        return plain(self, images, labels, weights)

    with monkeypatch.context() as patch:
        patch.setattr(Child, "gradient", gradient)
        tried(search, NOTHING, 0)
    return torch.cat(seen)


def test_a_cutout_that_is_asked_for_acts_in_trials(digits, monkeypatch):
    """Where images differ from those without, they are blank, in a square of that side at most."""
    given = {"epochs": 1, "images": 100, "batch": 10, "padding": 0}
    without, with_ = (
        seen_by(begin(digits, cutout=cutout, **given), monkeypatch) for cutout in (0, 4)
    )
    changed = without != with_
    assert (with_[changed] == 0).all()
    assert changed.flatten(1).any(1).float().mean() > 0.9
    for image in changed[:, 0]:
        rows, columns = image.any(1).nonzero(), image.any(0).nonzero()
        for places in (rows, columns):
            assert not len(places) or places.max() - places.min() < 4
    assert changed.flatten(1).sum(1).max() > 4


@pytest.mark.parametrize(("clip", "momentum"), [(0.05, 0.9), (0.0, 0.9), (0.05, 0.0)])
def test_a_trial_steps_by_nesterov_momentum_with_decay_and_clipped_gradients(
    digits, monkeypatch, clip, momentum
):
    """Against the textbook's formula on the gradients that it took (Sutskever et al. 2013, as in
    PyTorch): v ← μ v + g, w ← w − ξ (g + μ v), with g clipped and then decayed."""
    search = begin(digits, epochs=1, images=80, batch=10, clip=clip, momentum=momentum)
    network, gradients, plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), [], Child.gradient
    weight = network[1].weight.detach().double().clone()

    def gradient(self, images, labels, weights=None):
        found = plain(self, images, labels, weights)
        gradients.append({name: g.detach().double().clone() for name, g in found.weights.items()})
        return found

    monkeypatch.setattr(Child, "gradient", gradient)
    problem = replace(search.problem, network=lambda: network)
    search.trials = replace(search.trials, problem=problem)
    tried(search, NOTHING, 0)
    s, velocity, bound = search.settings, torch.zeros_like(weight), 0
    for step, found in enumerate(gradients):
        norm = torch.cat([g.flatten() for g in found.values()]).norm().item()
        factor = min(1.0, clip / norm) if clip else 1.0
        bound += factor < 0.9
        g = factor * found["1.weight"] + s.weight_decay * weight
        velocity = momentum * velocity + g
        rate = s.lr * (1 + math.cos(math.pi * step / len(gradients))) / 2
        weight = weight - rate * (g + momentum * velocity)
    assert len(gradients) == 4 and bound == (4 if clip else 0)
    torch.testing.assert_close(network[1].weight.detach().double(), weight, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("pixels", "most"), [(2**21, 30), (15 * 64, 15), (1, 15)])
def test_images_that_are_augmented_at_once_are_bounded_by_pixels(digits, pixels, most, monkeypatch):
    search, counts = begin(digits), []  # two batches of 15 images of 8 × 8 pixels an epoch
    monkeypatch.setattr("dada.searching.trials._PIXELS", pixels)
    plain = type(search.problem.pipeline).finish

    def counted(self, images, generator):
        counts.append(len(images))
        return plain(self, images, generator)

    monkeypatch.setattr(type(search.problem.pipeline), "finish", counted)
    tried(search, INVERT, 1)
    assert set(counts) == {most}
