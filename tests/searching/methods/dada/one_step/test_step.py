"""A step: the search moves the right way, by the unrolled step's hypergradient, and touches the
network's own state once."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from dada.bilevel import Hypergradient, Rewards, first_order
from dada.policy import Scale, SearchSpace
from dada.searching.distribution import PolicyDistribution
from dada.searching.methods.dada.one_step.gradients import (
    CriticGradient,
    ReinforceGradient,
    RelaxGradient,
)
from dada.searching.methods.dada.one_step.gradients.relax import ControlVariate
from dada.searching.methods.dada.one_step.outcome import Outcome
from dada.searching.methods.dada.one_step.strategies import HYPERGRADIENTS
from dada.searching.methods.dada.one_step.updates import AdamUpdate, NaturalUpdate

SPACE = SearchSpace(("ShearX", "Rotate", "Equalize", "Invert"), 2, Scale("strength"))


def follow(strategy, update, policy, reward):
    """150 steps of 64 draws."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(150):
        sample = policy.sample(64, generator)
        earned = reward(sample)
        update(strategy(sample, Outcome(earned - earned.mean())))


@pytest.mark.parametrize(
    ("estimator", "way"), [("reinforce", "natural"), ("reinforce", "adam"), ("relax", "adam")]
)
def test_a_sub_policy_that_earns_more_gains_weight(estimator, way):
    torch.manual_seed(0)
    policy = PolicyDistribution(SPACE)
    control = ControlVariate(6, 2, 16, 0.5)
    taught = RelaxGradient(control, torch.optim.Adam(control.parameters(), 0.02))
    strategy = taught if estimator == "relax" else ReinforceGradient()
    update = (
        NaturalUpdate(policy, 0.03) if way == "natural" else AdamUpdate(policy, 0.03, (0.5, 0.999))
    )

    def reward(sample):
        """Sub-policy 3 is good, the more so with its second operation and without its first."""
        first, second = sample.applied.double().unbind(1)
        return (sample.sub_policy == 3) * (1 + second - first)

    follow(strategy, update, policy, reward)
    assert policy.weights().argmax() == 3 and policy.weights()[3] > 0.5
    assert policy.probabilities()[3, 1] > 0.7 and policy.probabilities()[3, 0] < 0.3
    kept = policy.policy(2, False, "found", {})
    assert [o.name for o in kept.sub_policies[0].operations] == ["Rotate", "Equalize"]
    assert sum(kept.weights) == pytest.approx(1) and len(kept.sub_policies) == 2


def test_a_critic_finds_operations_that_earn_more_wherever_they_stand():
    """Equalize is good and Rotate is bad, so Equalize with ShearX or Invert is best."""
    policy = PolicyDistribution(SPACE)
    operation = policy.table.operation

    def reward(sample):
        there = operation[sample.sub_policy]
        signs = (there == 2).double() - (there == 1).double()
        return (signs * sample.applied).sum(1)

    follow(CriticGradient(policy.table, 1.0, 50), NaturalUpdate(policy, 0.05), policy, reward)
    best = [s for s, names in enumerate(SPACE.sub_policies) if names[0] != "Rotate"]
    best = {s for s in best if "Equalize" in SPACE.sub_policies[s]}
    assert set(policy.weights().topk(2).indices.tolist()) == best
    assert (policy.probabilities()[operation == 2] > 0.7).all()
    assert (policy.probabilities()[operation == 1] < 0.3).all()


def take(search):
    """One step with the first images of both halves."""
    size = search.settings.batch
    train, valid = search.train, search.valid
    return search.step(
        train.images[:size], train.labels[:size], valid.images[:size], valid.labels[:size]
    )


def counters(search):
    buffers = search.child.model.named_buffers()
    return [b.item() for name, b in buffers if name.endswith("num_batches_tracked")]


def state(search):
    return [b.clone() for b in search.child.model.buffers()]


@pytest.mark.parametrize("hypergradient", list(HYPERGRADIENTS))
@pytest.mark.parametrize("views", [1, 2])
def test_the_batch_statistics_are_touched_exactly_once_a_step(begin, views, hypergradient):
    search = begin(views=views, hypergradient=hypergradient)
    for step in (1, 2):
        take(search)
        assert set(counters(search)) == {step}


@pytest.mark.parametrize("hypergradient", ["exact", "finite-difference"])
def test_evaluating_rewards_leaves_the_batch_statistics_alone(begin, hypergradient):
    search = begin(
        views=2, hypergradient=hypergradient, estimator="relax", magnitudes="straight-through"
    )
    calls = []

    def watched(*arguments, **named):
        before = state(search)
        rewards = inner.rewards(*arguments, **named)
        calls.append(all(map(torch.equal, before, state(search))))
        assert rewards.image_gradient is not None
        return rewards

    inner = search.step.hypergradient
    search.step.hypergradient = Hypergradient(inner.ahead, watched)
    before = state(search)
    take(search)
    assert calls == [True, True], "each view is a batch of its own"
    assert not any(map(torch.equal, before, state(search)))


class Record:
    """A hypergradient that remembers what it was asked and what it said."""

    def __init__(self, search):
        self.inner, self.aheads, self.rewards = search.step.hypergradient, [], []
        search.step.hypergradient = Hypergradient(self._ahead, self._rewards)

    def _ahead(self, weights, gradient, buffers, lr, **options):
        now = {name: w.detach().clone() for name, w in weights.items()}
        buffers = {name: b.clone() for name, b in buffers.items()}
        self.asked = now, buffers, (lr, options["momentum"], options["weight_decay"])
        self.aheads.append(self.inner.ahead(weights, gradient, buffers, lr, **options))
        return self.aheads[-1]

    def _rewards(self, losses, weights, direction, images, image_gradient=False):
        found = self.inner.rewards(losses, weights, direction, images, image_gradient)
        self.rewards.append((losses, images, found))
        return found


@pytest.mark.parametrize("sgd", [{}, {"nesterov": True}, {"dampening": 0.3}, {"momentum": 0}])
@pytest.mark.parametrize("clip", [0.0, 1e9, 0.01])
def test_the_look_ahead_is_where_the_weights_really_go(begin, clip, sgd):
    """Whatever SGD makes of the gradient, and a clip that binds; float32."""
    search = begin(clip=clip)
    search.optimiser.param_groups[0].update(sgd)
    record = Record(search)
    for _ in range(3):
        before = {name: w.detach().clone() for name, w in search.child.parameters.items()}
        take(search)
        moved = [(w - before[name]).norm() for name, w in search.child.parameters.items()]
        assert torch.stack(moved).norm() > 1e-4
        for name, weight in search.child.parameters.items():
            torch.testing.assert_close(record.aheads[-1][name], weight.detach())
    with_momentum = search.child.parameters.keys() if sgd != {"momentum": 0} else set()
    assert record.asked[1].keys() == with_momentum


def test_a_gradient_is_clipped_as_pytorch_clips_it(begin):
    """0.01, and the norm of the first gradient, which is the first step where nothing else is."""
    search = begin(clip=0.01, momentum=0.0, weight_decay=0.0, lr=1.0)
    before = [w.detach().clone() for w in search.child.parameters.values()]
    take(search)
    moved = [w.detach() - b for w, b in zip(search.child.parameters.values(), before, strict=True)]
    assert nn.utils.get_total_norm(moved).item() == pytest.approx(0.01, rel=1e-3)


def test_an_optimiser_that_the_look_ahead_does_not_follow_is_refused(begin):
    step = begin().step
    weights = list(step.child.parameters.values())
    groups = [{"params": weights[:1]}, {"params": weights[1:], "lr": 0.2}]
    for optimiser in (torch.optim.SGD(groups, 0.1), torch.optim.SGD(weights, 0.1, maximize=True)):
        with pytest.raises(ValueError, match="one parameter group"):
            replace(step, optimiser=optimiser)


def test_the_rewards_are_derivatives_through_the_unrolled_step(begin):
    """−ξ ρᵢ / B against automatic differentiation of the validation loss after
    w − ξ (Σᵢ dᵢ ∇ℓᵢ / B + λw + μ·buffer) in the images' shares dᵢ: the whole step with batch
    normalisation, in its second step. In float32: to 1e-3 of the largest."""
    # With derivatives in the images wanted, the losses have a reverse mode to check against.
    search = begin(lr=0.05, estimator="relax", magnitudes="straight-through", hypergradient="exact")
    take(search)
    record = Record(search)
    take(search)
    (losses, images, found), (weights, buffers, (xi, momentum, decay)) = (
        record.rewards[0],
        record.asked,
    )
    count = len(images)
    free = {name: w.requires_grad_() for name, w in weights.items()}
    shares = torch.ones(count, requires_grad=True)
    names, tensors = zip(*free.items(), strict=True)
    gradient = torch.autograd.grad(
        (shares * losses(free, images)).mean(), tensors, create_graph=True
    )
    unrolled = {
        name: w - xi * (g + decay * w + momentum * buffers[name])
        for name, w, g in zip(names, tensors, gradient, strict=True)
    }
    valid = search.valid.subset(torch.arange(count))
    after = search.child.losses(
        unrolled, search.step.pipeline.normalise(valid.images), valid.labels
    )
    (exact,) = torch.autograd.grad(after.mean(), shares)
    tolerance = 1e-3 * exact.abs().max().item()
    torch.testing.assert_close(-xi / count * found.value, exact, atol=tolerance, rtol=0)


class Keep(ReinforceGradient):
    """Keeps the last outcome."""

    def __call__(self, sample, outcome):
        self.sample, self.outcome = sample, outcome
        return super().__call__(sample, outcome)


def rewarded(search, rewards):
    """One step whose rewards are given, view after view."""
    given = iter(rewards)
    search.step.policy_gradient, search.step.trace = Keep(), None
    search.step.hypergradient = replace(
        search.step.hypergradient, rewards=lambda *a, **k: Rewards(next(given))
    )
    take(search)
    return search.step.policy_gradient


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.Tanh(), nn.Linear(12, 10))


def test_traced_rewards_are_the_exact_ones_where_images_do_not_mix(begin):
    """Without batch normalisation, to the rounding of float32."""
    advantages = []
    for kind in ("traced", "exact"):
        search = begin(linear(), hypergradient=kind)
        assert (search.step.trace is None) == (kind == "exact")
        search.step.policy_gradient = Keep()
        take(search)
        advantages.append(search.step.policy_gradient.outcome.advantage)
    torch.testing.assert_close(*advantages, atol=1e-5, rtol=1e-5)
    assert advantages[0].abs().max() > 0.1


def test_derivatives_in_the_images_and_further_views_are_not_traced(begin):
    """With batch normalisation the two kinds of reward differ; views must be of one kind."""
    assert begin(views=2, hypergradient="traced").step.trace is None
    relaxed = begin(estimator="gumbel-softmax", hypergradient="traced")
    smooth = begin(estimator="relax", magnitudes="pathwise", hypergradient="traced")
    assert relaxed.step.trace is None and smooth.step.trace is None


def test_views_of_an_image_are_compared_with_each_other(begin):
    """Every image its own level, which all of its views share: nothing is left to learn."""
    search = begin(views=3, estimator="reinforce")
    kept = rewarded(search, [torch.arange(16.0)] * 3)
    assert len(kept.sample) == 3 * 16
    torch.testing.assert_close(
        kept.outcome.advantage, torch.zeros(48, dtype=torch.float64), atol=1e-12, rtol=0
    )


def test_draws_for_a_whole_batch_are_compared_with_each_other(begin):
    """Two draws whose images earn 1 and 3 on average: ∓2 in units of their mean square, √5."""
    search = begin(views=2, draws="batch", estimator="reinforce")
    around = torch.linspace(-1, 1, 16)
    kept = rewarded(search, [1 + around, 3 + around])
    assert len(kept.sample) == 2
    assert kept.outcome.advantage.tolist() == pytest.approx([-2 / 5**0.5, 2 / 5**0.5])


@pytest.mark.parametrize("preset", ["paper", "step"])
def test_the_policy_does_not_slow_down_with_the_networks_learning_rate(begin, preset):
    """The same rewards and derivatives at a hundredth of the rate move the policy as far."""
    moved = []
    for factor in (1.0, 0.01):
        search = begin(preset=preset, estimator="reinforce")
        inner = search.step.hypergradient
        # Nothing else of the step knows the rate.
        search.step.hypergradient = Hypergradient(first_order.ahead, inner.rewards)
        take(search)
        before = [p.detach().clone() for p in search.distribution.parameters()]
        search.optimiser.param_groups[0]["lr"] *= factor
        take(search)
        after = search.distribution.parameters()
        moved.append(
            torch.cat([(a - b).detach().flatten() for a, b in zip(after, before, strict=True)])
        )
    torch.testing.assert_close(*moved)
    assert moved[0].abs().max() > 1e-3


def test_the_network_learns_from_the_first_view_alone(begin, monkeypatch):
    search = begin(views=3)
    sizes = []
    inner = search.child.gradient

    def watched(images, *rest):
        sizes.append(len(images))
        return inner(images, *rest)

    monkeypatch.setattr(search.child, "gradient", watched)
    take(search)
    assert sizes == [16, 16], "one training batch and one validation batch"


def test_views_differ_in_nothing_but_the_draw(begin):
    """Without any operation the views of an image are the same picture, crop and flip included."""
    search = begin(views=2, flip=True, padding=2, hypergradient="exact")
    with torch.no_grad():
        search.distribution.probability.fill_(-50.0)
    record = Record(search)
    take(search)
    (_, first, _), (_, second, _) = record.rewards
    assert torch.equal(first, second)


@pytest.mark.parametrize("hypergradient", ["exact", "traced", "first-order", "finite-difference"])
@pytest.mark.parametrize("views", [1, 2])
def test_cutout_is_in_all_that_the_network_sees_of_training_images(begin, views, hypergradient):
    """The first view in the train gradient and every view in the rewards, under one and the same
    square; validation images are whole."""
    model = linear()
    search = begin(model, cutout=4, views=views, hypergradient=hypergradient)
    seen, model = [], search.child.model
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    take(search)
    train, valid, *rewarded = [images for images in seen if len(images) == 16]
    blank = train == 0
    assert (blank.flatten(1).sum(1) >= 4).all(), "a square of 4, at the edge of 2 by 2 pixels"
    assert (blank.flatten(1).sum(1) <= 16).all() and not (valid == 0).any()
    sides = 2 if hypergradient == "finite-difference" else 1
    assert len(rewarded) == (0 if search.step.trace else sides * views)
    for images in rewarded:
        assert ((images == 0) == blank).all()
    for images in rewarded[:sides]:
        torch.testing.assert_close(images, train)
