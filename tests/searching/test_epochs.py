"""What the methods have in common that train a single network."""

import pytest
import torch

from dada.errors import UserError
from dada.searching.settings import make_settings
from tests.searching.trials import begin

STEP = {"preset": "step", "model": "wrn-10-1", "horizon": 0, "epochs": 4}
METHODS = {
    "dada": STEP,
    "faster_autoaugment": {"method": "faster_autoaugment", "sub_policies": 2, "epochs": 4},
}


@pytest.fixture(params=METHODS)
def given(request):
    return METHODS[request.param]


def test_a_search_that_a_budget_ended_can_be_repeated(digits, given):
    search = begin(digits, **given)
    search.advance()
    assert search.remaining() == 3 and search.changed_plan == {}
    search.replan(0.0, most=4)
    assert search.length == search.iteration == 1
    again = begin(digits, **given, **search.changed_plan)
    assert again.length == 1
    again.advance()
    assert again.policy("", {}) == search.policy("", {})


def test_a_rehearsal_has_the_threads_of_a_training(digits, given, monkeypatch):
    search, threads = begin(digits, **given), set()
    monkeypatch.setattr(
        search, "step", lambda *_: threads.add(torch.get_num_threads()) or torch.zeros(5)
    )
    torch.set_num_threads(2)
    try:
        search.cost()
    finally:
        torch.set_num_threads(1)
    assert threads == {1}, "the network is small"


@pytest.mark.parametrize("plan", [(), (4, 1, 4)])
def test_a_plan_is_of_at_least_as_many_epochs_as_it_has(given, plan):
    with pytest.raises(UserError, match="plan: must be the total number of epochs planned"):
        make_settings(**given, plan=plan)
