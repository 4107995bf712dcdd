"""PPO: its gradient is REINFORCE's, its clip is Schulman's, and it finds what is planted."""

import copy

import pytest
import torch

from dada.searching.methods.autoaugment.controller import Controller, Rated
from dada.searching.methods.autoaugment.ppo import (
    CLIP,
    ENTROPY,
    MEMORY,
    Learner,
    normalised,
    objective,
)

CHOICES, TURNS = (6, 4), 4


def controller(seed=0):
    return Controller(CHOICES, TURNS, torch.Generator().manual_seed(seed), units=30)


def uniform(count, seed=0, steps=8):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, steps, generator=generator, dtype=torch.float64)


def gradient(of, network):
    return torch.cat([g.flatten() for g in torch.autograd.grad(of, list(network.parameters()))])


def test_before_the_first_step_the_gradient_is_that_of_reinforce():
    network = controller()
    decisions = network.draw(uniform(7))
    advantages = torch.linspace(-2, 1, 7, dtype=torch.float64)
    rated = network(decisions)
    found = gradient(objective(rated, rated.log_probability.detach(), advantages), network)
    rated = network(decisions)
    whole = (advantages * rated.log_probability.sum(1)).mean()
    expected = gradient(whole + ENTROPY * rated.entropy.sum(1).mean(), network)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-14)
    assert expected.abs().max() > 1e-3


@pytest.mark.parametrize(
    ("ratio", "advantage", "gain", "slope"),
    [
        (1.1, 2.0, 2.2, 2.2),
        (1.5, 2.0, 2 * (1 + CLIP), 0.0),  # no reward for going further
        (0.5, 2.0, 1.0, 1.0),
        (0.5, -2.0, -2 * (1 - CLIP), 0.0),
        (1.5, -2.0, -3.0, -3.0),  # but a way back
    ],
)
def test_the_clip(ratio, advantage, gain, slope):
    """Schulman et al. 2017, equation 7 and figure 1; slopes are in the log-probability."""
    log = torch.tensor([[ratio]], dtype=torch.float64).log().requires_grad_()
    rated = Rated(log, torch.zeros(1, 1, dtype=torch.float64))
    advantages = torch.tensor([advantage], dtype=torch.float64)
    value = objective(rated, torch.zeros(1, 1, dtype=torch.float64), advantages)
    assert value.item() == pytest.approx(gain)
    assert torch.autograd.grad(value, log)[0].item() == pytest.approx(slope)


def test_advantages_have_a_mean_square_of_one_and_keep_their_signs():
    given = torch.tensor([0.3, -0.1, 0.2], dtype=torch.float64)
    found = normalised(given)
    assert found.square().mean().item() == pytest.approx(1)
    assert (found / found[0]).tolist() == pytest.approx((given / given[0]).tolist())
    assert normalised(torch.zeros(3, dtype=torch.float64)).tolist() == [0, 0, 0]


def test_the_baseline_is_an_exponential_mean_of_the_rewards_before():
    learner = Learner(controller(), lr=1e-3, epochs=1)
    batches = [torch.tensor([0.2, 0.6, 0.1]), torch.tensor([0.5, 0.9])]
    given = [batch.double() for batch in batches]
    compared = [learner.learn(learner.controller.draw(uniform(len(b))), b) for b in given]
    expected = 0.3
    assert compared[0] == pytest.approx(expected)
    for reward in (0.2, 0.6, 0.1):
        expected = MEMORY * expected + (1 - MEMORY) * reward
    assert compared[1] == pytest.approx(expected)


def test_a_better_child_becomes_more_probable_and_a_worse_one_less():
    learner = Learner(controller(), lr=1e-3, epochs=3)
    decisions = learner.controller.draw(uniform(2, seed=3))
    before = learner.controller(decisions).log_probability.sum(1)
    learner.learn(decisions, torch.tensor([0.9, 0.1], dtype=torch.float64))
    change = learner.controller(decisions).log_probability.sum(1) - before
    assert change[0] > 0 > change[1]


def test_rewards_that_are_all_alike_move_the_controller_by_its_entropy_alone():
    learner = Learner(controller(), lr=1e-3, epochs=5)
    decisions = learner.controller.draw(uniform(4))
    before = learner.controller(decisions).entropy.mean()
    learner.learn(decisions, torch.full((4,), 0.5, dtype=torch.float64))
    assert learner.controller(decisions).entropy.mean() > before


def searched(seed, learns, batches=10, batch=30):
    """The reward of each child of a search: the share of its decisions that are those planted,
    with the noise of a training. The controller has the paper's size and learning rate."""
    choices, turns = (5, 4, 3), 2
    generator = torch.Generator().manual_seed(seed)
    learner = Learner(Controller(choices, turns, generator), lr=0.00035, epochs=10)
    planted = torch.stack([torch.randint(n, (), generator=generator) for n in choices * turns])
    rewards = []
    for number in range(batches):
        decisions = learner.controller.draw(uniform(batch, 1000 * seed + number, len(planted)))
        rewards.append((decisions == planted).double().mean(1))
        noise = 0.02 * torch.randn(batch, generator=generator, dtype=torch.float64)
        if learns:
            learner.learn(decisions, rewards[-1] + noise)
    return torch.stack(rewards)


def test_it_finds_what_is_planted_faster_than_random_search():
    """Statistical: in three searches of 300 children, the best five and the last batch are better
    than those of random search by more than 3 standard errors of the paired differences."""
    pairs = [(searched(seed, learns=True), searched(seed, learns=False)) for seed in range(3)]

    def exceeds(what):
        gains = torch.stack([what(learnt) - what(drawn) for learnt, drawn in pairs])
        return gains.mean() / (gains.std() / len(gains) ** 0.5)

    assert all(torch.equal(learnt[0], drawn[0]) for learnt, drawn in pairs), "they begin alike"
    assert exceeds(lambda rewards: rewards[-1].mean()) > 3
    assert exceeds(lambda rewards: rewards.flatten().topk(5).values.mean()) > 3


def test_it_goes_on_from_its_state_to_the_same_bits():
    learner = Learner(controller(), lr=1e-3, epochs=2)

    def learn(learner, number):
        decisions = learner.controller.draw(uniform(5, number))
        learner.learn(decisions, uniform(5, 9 + number, 1)[:, 0])

    learn(learner, 0)
    state, again = copy.deepcopy(learner.state_dict()), Learner(controller(1), lr=1e-3, epochs=2)
    again.load_state_dict(state)
    for each in (learner, again):
        learn(each, 1)
    assert again.baseline == learner.baseline
    weights = (each.controller.state_dict() for each in (learner, again))
    assert all(torch.equal(a, b) for a, b in zip(*(w.values() for w in weights), strict=True))
