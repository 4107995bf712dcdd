"""The controller, against an LSTM by hand and against everything that it can decide."""

from itertools import product

import pytest
import torch
from torch import Tensor

from dada.searching.methods.autoaugment.controller import Controller

CHOICES, TURNS = (3, 2), 2
EVERY = torch.tensor(list(product(*map(range, CHOICES * TURNS))))  # 36 rows


def small(seed=0, choices=CHOICES, turns=TURNS, units=5):
    """Of which the chances are far from even."""
    controller = Controller(choices, turns, torch.Generator().manual_seed(seed), units)
    with torch.no_grad():
        for parameter in controller.parameters():
            parameter.mul_(10)
    return controller


def by_hand(controller, decisions):
    """The log-probability of each decision of one row, by the equations of an LSTM (Hochreiter and
    Schmidhuber 1997, with a forget gate) as PyTorch documents them."""
    lstm, logs = controller.lstm, []
    hidden, cell = torch.zeros(2, lstm.hidden_size, dtype=torch.float64)
    given: Tensor = controller.first
    for time, decided in enumerate(decisions.tolist()):
        kind = time % len(controller.choices)
        gates = lstm.weight_ih_l0 @ given + lstm.bias_ih_l0
        gates = gates + lstm.weight_hh_l0 @ hidden + lstm.bias_hh_l0
        enter, forget, new, leave = gates.view(4, -1)
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        hidden = leave.sigmoid() * cell.tanh()
        head = controller.heads[kind]
        scores = head.weight @ hidden + head.bias
        logs.append(scores[decided] - scores.exp().sum().log())
        given = controller.embeddings[kind].weight[decided]
    return torch.stack(logs)


@pytest.mark.parametrize("seed", range(3))
def test_log_probabilities_are_those_of_an_lstm_by_hand(seed):
    controller = small(seed)
    found = controller(EVERY).log_probability
    expected = torch.stack([by_hand(controller, row) for row in EVERY])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    assert found.std(0).min() > 0.05, "chances differ"


def test_all_that_can_be_decided_has_a_chance_of_one_together():
    rated = small()(EVERY)
    assert rated.log_probability.sum(1).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_entropy_is_the_expected_log_probability():
    """Of all decisions together, by the chain rule: the mean of what each step's is."""
    rated = small()(EVERY)
    chance = rated.log_probability.sum(1).exp()
    expected = -(chance * rated.log_probability.sum(1)).sum().item()
    assert (chance * rated.entropy.sum(1)).sum().item() == pytest.approx(expected, rel=1e-12)


def test_even_chances_have_the_largest_entropy():
    controller = small(choices=(15, 11, 10), turns=10)
    decisions = controller.draw(torch.rand(2, 30, dtype=torch.float64))
    assert controller(decisions).entropy.sum(1).max() < controller.most_entropy - 1
    with torch.no_grad():
        for head in controller.heads:
            head.weight.zero_()
            head.bias.zero_()
    even = controller(decisions).entropy.sum(1).tolist()
    assert even == pytest.approx([controller.most_entropy] * 2, rel=1e-12)


def test_a_new_controller_is_near_even_chances():
    controller = Controller((15, 11, 10), 10, torch.Generator().manual_seed(0))
    decisions = controller.draw(torch.rand(5, 30, dtype=torch.float64))
    entropy = controller(decisions).entropy.sum(1).mean().item()
    assert 0.95 < entropy / controller.most_entropy < 1


def test_decisions_are_drawn_as_often_as_they_are_probable():
    """Statistical: each of the 36 rows within 4 standard errors, of 20,000 draws."""
    controller, count = small(), 20_000
    generator = torch.Generator().manual_seed(1)
    drawn = controller.draw(torch.rand(count, 4, generator=generator, dtype=torch.float64))
    chance = controller(EVERY).log_probability.sum(1).exp()
    seen = (drawn[:, None] == EVERY).all(2).sum(0)
    error = (count * chance * (1 - chance)).sqrt()
    assert seen.sum() == count and ((seen - count * chance).abs() < 4 * error).all()


def test_the_ends_of_the_unit_interval_are_the_first_and_the_last_choice():
    controller = small(choices=(15, 11, 10), turns=2)
    ends = torch.stack([torch.zeros(6), torch.full((6,), 1 - 2**-53)]).double()
    first, last = controller.draw(ends).tolist()
    assert first == [0] * 6 and last == [14, 10, 9] * 2


def test_the_generator_alone_decides_the_first_weights():
    torch.manual_seed(5)
    one = small(1).state_dict()
    torch.manual_seed(6)
    same, other = small(1).state_dict(), small(2).state_dict()
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


def test_it_is_as_large_as_the_papers():
    """One layer of 100 units: 4 gates of 100 from 100 inputs and 100 states, two biases each."""
    controller = Controller((15, 11, 10), 10, torch.Generator())
    assert controller.length == 30
    assert sum(p.numel() for p in controller.lstm.parameters()) == 4 * 100 * (100 + 100 + 2)
    assert {p.dtype for p in controller.parameters()} == {torch.float64}
