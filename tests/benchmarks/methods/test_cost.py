"""What a search costs, against what its run says and against counted operations."""

from types import SimpleNamespace

import pytest
import torch

from benchmarks.gradient_noise.cost import CountOperations
from benchmarks.methods.budgets import fitted
from benchmarks.methods.cost import CHILD_EPOCH, cost_of
from benchmarks.methods.rows import entries
from benchmarks.search_quality.rows import Row
from benchmarks.search_quality.searches import Searches
from benchmarks.search_quality.store import Store
from dada.datasets import load
from dada.errors import UserError
from dada.searching import make_settings
from dada.searching.problem import begin, problem_of

SMALL = {"images": 40, "epochs": 2, "model": "proxy-4", "operations": ("Rotate", "Invert")}


@pytest.fixture(scope="module")
def digits():
    return load("digits")


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
def test_passes_of_a_network_that_learns_with_its_policy_are_those_that_are_computed(given, digits):
    settings = {**SMALL, "images": 80, "epochs": 1, "model": "proxy-8", **given}
    search = begun(settings, digits)
    images = search.problem.pipeline.normalise(search.problem.images.images)
    one = counted(lambda: begun(settings, digits).problem.network()(images).detach()) / len(images)
    passes = counted(search.advance) / one
    assert cost_of(settings, digits) * CHILD_EPOCH * 3 == pytest.approx(passes, rel=0.05)


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
    expected = networks * (2 * learnt + judged / 3) / CHILD_EPOCH
    assert cost_of({**SMALL, **given}, digits) == pytest.approx(expected)


def test_fast_autoaugment_looks_at_held_out_images_under_every_sub_policy(digits):
    given = {"method": "fast_autoaugment", "folds": 2, "trials": 12, "size": 3}
    looks = 16 * (1 + 12 * 3)
    expected = 2 * (2 * 24 + looks / 3) / CHILD_EPOCH
    assert cost_of({**SMALL, **given}, digits) == pytest.approx(expected)


def test_a_population_judges_after_every_round(digits):
    pytest.importorskip("ray.tune")
    given = {"method": "pba", "trials": 3, "epochs": 7}  # rounds of 3, 3 and 1
    expected = 3 * (7 * 20 + 3 * 20 / 3) / CHILD_EPOCH
    assert cost_of({**SMALL, **given}, digits) == pytest.approx(expected)


@pytest.mark.parametrize("method", ["fast_autoaugment", "randaugment"])
def test_a_search_is_as_long_as_it_may_be(method, digits):
    target = 1500.0
    found = cost_of(fitted(method, target, digits), digits)
    assert found == pytest.approx(target, rel=0.1)


def test_published_settings_on_fewer_images_are_refused(digits):
    with pytest.raises(UserError, match="have 1,437 images each, and these rows take 2,000"):
        entries(digits, ["random"], ["published"])


def test_what_a_run_says_of_its_views_is_in_its_cost(tmp_path, digits, monkeypatch):
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)
    settings = {**SMALL, "method": "random", "policies": 1, "size": 1}
    parts = SimpleNamespace(searches=[digits])
    searches = Searches(parts, tmp_path, Store(tmp_path / "results.jsonl"), "cpu")
    (found,) = searches.found(Row("r", settings=settings))
    judged = 4 * 20 / 3
    expected = (found["views"] + judged) / CHILD_EPOCH
    assert cost_of(settings, digits) == pytest.approx(expected)
    unknown = {**SMALL, "method": "faster_autoaugment", "batch": 20}
    (found,) = searches.found(Row("f", settings=unknown))
    assert found["views"] is None and found["effects"] == {}
