"""Every way of estimating goes through a whole epoch and changes the whole distribution."""

import itertools
from dataclasses import replace

import pytest
import torch

from dada.compute.distributed import Processes
from dada.searching.methods.dada.one_step.gradients import (
    CriticGradient,
    GumbelSoftmaxGradient,
    ReinforceGradient,
    RelaxGradient,
)
from dada.searching.methods.dada.one_step.strategies import HYPERGRADIENTS
from dada.searching.methods.dada.one_step.updates import AdamUpdate, NaturalUpdate
from dada.searching.problem import begin as begin_search
from dada.searching.problem import problem_of
from dada.searching.settings import make_settings
from tests.searching import TINY

OPERATIONS = ("Brightness", "Rotate", "Posterize", "Invert")
ESTIMATORS = ("reinforce", "relax", "gumbel-softmax")
MAGNITUDES = ("sampled", "straight-through", "pathwise")
WAYS = [("critic", "sampled"), *itertools.product(ESTIMATORS, MAGNITUDES)]


def run(search):
    """One epoch; afterwards all is finite and nothing is where it was but what has no effect."""
    before = [p.detach().clone() for p in search.distribution.parameters()]
    record = search.advance()
    after = list(search.distribution.parameters())
    assert all(p.isfinite().all() for p in after)
    assert not any(map(torch.equal, before, after))
    assert record["epoch"] == 1 and len(search.policy("found", {}).sub_policies) == 6
    no_magnitude = ~search.distribution.table.has_magnitude
    assert torch.equal(before[2][no_magnitude], after[2][no_magnitude]), "Invert has none"


@pytest.mark.parametrize("hypergradient", list(HYPERGRADIENTS))
@pytest.mark.parametrize(("estimator", "magnitudes"), WAYS)
def test_an_epoch_of_every_combination(begin, estimator, magnitudes, hypergradient):
    ways = {"estimator": estimator, "magnitudes": magnitudes, "hypergradient": hypergradient}
    for views in (1, 2) if hypergradient == "traced" else (2,):
        run(begin(operations=OPERATIONS, views=views, **ways))


@pytest.mark.parametrize("views", [1, 2])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_epoch_with_a_draw_for_a_whole_batch_and_direct_parameters(begin, estimator, views):
    """As in the paper, with another estimator or two draws; its magnitudes are fixed."""
    search = begin(
        preset="paper",
        operations=OPERATIONS,
        estimator=estimator,
        views=views,
        batch=2,
        cutout=0,
        flip=False,
    )
    run(search)
    for parameter in (search.distribution.probability, search.distribution.magnitude):
        assert parameter.min() >= 0 and parameter.max() <= 1


def test_the_settings_choose_the_parts(begin):
    kinds = {
        "critic": CriticGradient,
        "reinforce": ReinforceGradient,
        "relax": RelaxGradient,
        "gumbel-softmax": GumbelSoftmaxGradient,
    }
    for estimator, kind in kinds.items():
        assert type(begin(estimator=estimator).policy_gradient) is kind
    assert type(begin().update) is NaturalUpdate
    assert type(begin(update="adam").update) is AdamUpdate


def test_the_settings_reach_the_parts(begin):
    search = begin(memory=7.0, policy_lr=0.3, views=3, clip=2.0)
    assert search.policy_gradient.regression.forgetting.item() == pytest.approx(0.8668778998)
    assert search.update.lr == 0.3 and (search.step.views, search.step.clip) == (3, 2.0)
    relax = begin(estimator="relax", hidden=9, control_lr=0.4, temperature=0.7).policy_gradient
    assert relax.control.inner.out_features == 9 and relax.control.temperature == 0.7
    assert relax.optimiser.param_groups[0]["lr"] == 0.4
    assert relax.optimiser.param_groups[0]["betas"] == (0.5, 0.999)
    adam = begin(preset="paper", betas=(0.3, 0.9))
    for optimiser in (adam.update.optimiser, adam.policy_gradient.optimiser):
        assert optimiser.param_groups[0]["betas"] == (0.3, 0.9)


@pytest.mark.parametrize("epochs", [4, 20])
def test_the_learning_rate_is_a_cosine_that_begins_at_lr(begin, epochs, monkeypatch):
    """PyTorch's, an epoch at a time."""
    search = begin(epochs=epochs, lr=0.1)
    monkeypatch.setattr(search, "step", lambda *batch: torch.zeros(3))
    other = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(other, epochs, eta_min=0.001)
    for _ in range(epochs):
        search.advance()
        rate = search.optimiser.param_groups[0]["lr"]
        assert rate == pytest.approx(other.param_groups[0]["lr"])
        other.step()
        cosine.step()
    assert rate > 0.001


def test_a_learning_rate_below_the_lowest_stays(begin):
    search = begin(epochs=2, lr=0.0005)
    for _ in range(2):
        search.advance()
        assert search.optimiser.param_groups[0]["lr"] == 0.0005


def test_validation_batches_are_fresh_random_ones(begin, monkeypatch):
    """Over some epochs every validation image is met, in no fixed order."""
    search = begin(images=64, batch=8)
    search.valid = replace(search.valid, labels=torch.arange(32))
    met = []
    monkeypatch.setattr(search, "step", lambda *b: met.append(b[3].tolist()) or torch.zeros(3))
    for _ in range(8):
        search.advance()
    assert all(len(set(batch)) == 8 for batch in met)
    assert {row for batch in met for row in batch} == set(range(32))
    assert len({frozenset(batch) for batch in met}) == len(met) == 32


@pytest.mark.parametrize("estimator", ["critic", "relax"])
def test_processes_begin_alike_and_draw_apart(digits, estimator):
    """RELAX's control variate is a network too: unlike ones would make unlike policies."""
    settings = make_settings(**TINY, estimator=estimator).resolve(digits)
    states, drawn = [], []
    for rank in (0, 1, 2):
        processes = Processes(rank, 3)
        problem = problem_of(settings, digits, None, torch.device("cpu"), processes)
        search = begin_search(settings, problem)
        parts = search.child.model.state_dict(), search.policy_gradient.state_dict()
        states.append([*parts[0].values(), *parts[1].get("control", {}).values()])
        drawn += [torch.rand(1).item(), torch.rand(1, generator=search.own_generator).item()]
        shared = torch.rand(1, generator=search.generator).item()
    assert all(map(torch.equal, states[0], states[1]))
    assert all(map(torch.equal, states[0], states[2]))
    assert len({*drawn, shared}) == 7, "no stream is another one's"


def test_a_search_of_few_steps_says_so(begin):
    assert begin(images=200, batch=10, epochs=10).cautions() == ()
    (caution,) = begin(images=200, batch=10, epochs=2).cautions()
    assert caution.startswith("with 20 steps in all, a policy hardly moves")
