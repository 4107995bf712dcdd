"""The search moves the right way, and its hypergradient is the unrolled step's."""

import pytest
import torch

from dada.errors import UserError
from dada.policy import Scale, SearchSpace
from dada.searching.control_variate import ControlVariate
from dada.searching.distribution import PolicyDistribution
from dada.searching.gradients import RelaxGradient
from dada.searching.outcome import Outcome
from dada.searching.settings import for_dataset, make_settings


def test_a_sub_policy_that_earns_more_gains_weight():
    torch.manual_seed(0)
    policy = PolicyDistribution(
        SearchSpace(("ShearX", "Rotate", "Equalize", "Invert"), 2, Scale("strength"))
    )
    control = ControlVariate(6, 2, 16, 0.5)
    strategy = RelaxGradient(control, torch.optim.Adam(control.parameters(), 0.02))
    optimiser = torch.optim.Adam(policy.parameters(), 0.02)
    generator = torch.Generator().manual_seed(0)
    for _ in range(150):
        sample = policy.sample(64, generator)
        # Sub-policy 3 is good, the more so with its second operation and without its first.
        good = (sample.sub_policy == 3).double()
        reward = good * (1 + sample.applied[:, 1].double() - sample.applied[:, 0].double())
        gradients = strategy(sample, Outcome(reward))
        optimiser.zero_grad()
        policy.accumulate(sample, gradients, -1 / 64)
        optimiser.step()
    assert policy.weights().argmax() == 3 and policy.weights()[3] > 0.5
    assert policy.probabilities()[3, 1] > 0.7 and policy.probabilities()[3, 0] < 0.3
    kept = policy.policy(2, False, "found", {})
    assert [o.name for o in kept.sub_policies[0].operations] == ["Rotate", "Equalize"]
    assert sum(kept.weights) == pytest.approx(1) and len(kept.sub_policies) == 2


def test_the_papers_settings_are_the_papers(digits):
    settings = for_dataset(make_settings("paper"), digits)
    assert settings.model == "wrn-40-2" and settings.batch == 128 and settings.epochs == 20
    assert settings.lr == 0.1 and settings.lr_min == 0.001 and settings.weight_decay == 2e-4
    assert settings.policy_lr == 0.005 and settings.betas == (0.5, 0.999)
    assert settings.temperature == 0.5 and settings.clip == 5 and settings.keep == 25
    assert settings.draws == "batch" and settings.magnitudes == "straight-through"
    assert settings.scale == "paper" and settings.spread == 0 and settings.uniform_weights


def test_a_users_choice_beats_the_preset_and_the_data(digits):
    settings = for_dataset(make_settings("paper", model="wrn-16-1", batch=16, cutout=2), digits)
    assert (settings.model, settings.batch, settings.cutout) == ("wrn-16-1", 16, 2)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"preset": "papers"}, "no preset 'papers'"),
        ({"epochs": 0}, "epochs"),
        ({"lr": -1.0}, "lr"),
        ({"estimator": "magic"}, "relax"),
        ({"learning_rate": 0.1}, "learning_rate"),
    ],
)
def test_wrong_settings_get_one_clear_line(wrong, reason):
    with pytest.raises(UserError, match=reason) as caught:
        make_settings(**wrong)
    assert "\n" not in str(caught.value)
