"""What a search costs on any machine: its forward passes, against counted operations and rules."""

import pytest
import torch

from benchmarks.gradient_noise.cost import CountOperations
from dada.searching import make_settings
from dada.searching.problem import begin, problem_of

SMALL = {"images": 40, "epochs": 2, "model": "proxy-4", "operations": ("Rotate", "Invert")}


def begun(settings, data):
    chosen = make_settings(**settings).resolve(data)
    return begin(chosen, problem_of(chosen, data, None, torch.device("cpu")))


def counted(run):
    with CountOperations() as counter:
        run()
    return counter.total


@pytest.mark.parametrize(
    "given",
    [
        {"method": "faster_autoaugment", "batch": 20},
        {"preset": "paper", "batch": 20, "padding": 1},
    ],
)
def test_of_a_network_that_learns_with_its_policy_they_are_those_that_are_computed(given, digits):
    settings = {**SMALL, "images": 80, "epochs": 1, "model": "proxy-8", **given}
    search = begun(settings, digits)
    images = search.problem.pipeline.normalise(search.problem.images.images)
    network = begun(settings, digits).problem.network()
    one = counted(lambda: network(images).detach()) / len(images)
    assert search.passes == pytest.approx(counted(search.advance) / one, rel=0.05)


@pytest.mark.parametrize(
    ("given", "networks", "learnt", "judged"),
    [
        # Two folds of 3 arms, and 5 probabilities on two.
        ({"folds": 2, "fold_images": 10, "final_rounds": 2}, 2 * 3 + 2 * 5, 10, 30),
        ({"method": "random", "policies": 1, "size": 1}, 2 * 2, 20, 20),
        # Two rounds, each with a training without a policy.
        ({"method": "autoaugment", "children": 20, "fold_images": 10}, 22, 10, 30),
    ],
)
def test_networks_learn_from_their_images_every_epoch_and_judge_once(
    given, networks, learnt, judged, digits
):
    expected = networks * (3 * 2 * learnt + judged)
    assert begun({**SMALL, **given}, digits).passes == expected


def test_fast_autoaugment_looks_at_held_out_images_under_every_sub_policy(digits):
    search = begun(
        {**SMALL, "method": "fast_autoaugment", "folds": 2, "trials": 12, "size": 3}, digits
    )
    assert search.passes == 2 * (3 * 2 * 24 + 16 * (1 + 12 * 3))


def test_a_population_judges_after_every_round(digits, monkeypatch):
    monkeypatch.setattr("dada.searching.methods.pba.method.library", lambda name, user: None)
    search = begun({**SMALL, "method": "pba", "trials": 3, "epochs": 7}, digits)
    assert search.passes == 3 * (3 * 7 * 20 + 3 * 20), "rounds of 3, 3 and 1"
