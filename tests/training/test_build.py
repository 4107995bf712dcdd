"""Networks that start from pre-trained weights, in trainings, comparisons and searches."""

import pytest
import torch

import dada
from dada.datasets import load
from dada.errors import UserError
from dada.models import create
from dada.runs import RunFolder
from dada.training.build import network_of, with_own_weights
from dada.training.network import with_later
from dada.training.resolve import resolved
from dada.training.settings import TrainSettings, for_dataset, make_settings
from tests.offered import offered

SMALL = {"images": 60, "epochs": 2, "model": "wrn-10-1", "precision": "float32"}


@pytest.fixture
def weights(tmp_path):
    """A file of weights for the digits, as `dada train` leaves it."""
    dada.train("digits", out=tmp_path / "before", **SMALL)
    return str(tmp_path / "before" / "last.pt")


def settings(**given):
    return for_dataset(make_settings(**given), load("digits"), accelerated=False)


def test_weights_choose_the_preset_that_suits_them(weights):
    chosen = make_settings(weights=weights)
    assert chosen.preset == "finetune" and chosen.optimiser == "adamw"
    assert chosen.frozen_statistics
    assert make_settings("demo", weights=weights).preset == "demo"
    assert make_settings("finetune").weights == "pretrained"
    assert make_settings(weights=None).optimiser == "sgd"


def test_a_network_starts_from_the_weights_and_keeps_its_statistics(weights):
    chosen = settings(weights=weights, **SMALL)
    network = network_of(chosen, 10, 1)
    known = torch.load(weights)
    assert all(torch.equal(t, known[key]) for key, t in network.state_dict().items())
    norms = [m for m in network.train().modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms and not any(norm.training for norm in norms)
    assert all(norm.weight.requires_grad for norm in norms)


def test_a_training_begins_where_the_weights_are(weights):
    """A step as small as this leaves the test error as it was."""
    found = dada.train("digits", weights=weights, **(SMALL | {"lr": 1e-12, "epochs": 1}))
    before = dada.evaluate(RunFolder(weights.removesuffix("/last.pt")).path)
    assert found["test_error"] == before["test_error"] < 0.85


def test_a_comparison_starts_every_training_there(weights):
    given = SMALL | {"lr": 1e-12, "epochs": 1, "weights": weights, "seeds": 1}
    rows = dada.compare("digits", **given)["rows"]
    assert len({row["mean"] for row in rows}) == 1


def test_images_are_normalised_as_the_weights_saw_them(monkeypatch):
    offered(monkeypatch, "squeezenet1_1")
    given = {"model": "squeezenet1_1", "weights": "pretrained", "precision": "auto"}
    filled = resolved(given, load("digits"), accelerated=False)
    assert filled["mean"] == (0.449,) and filled["std"] == (0.226,)
    assert filled["crop"] == "resized" and filled["precision"] == "float32"
    own = resolved({**given, "mean": (0.1,), "std": (0.2,)}, load("digits"), accelerated=True)
    assert own["mean"] == (0.1,) and own["precision"] == "auto"


def test_a_run_is_resumed_with_the_same_weights(weights, tmp_path):
    given = SMALL | {"weights": weights}
    out = tmp_path / "run"
    whole = dada.train("digits", out=out, **given)
    again = dada.train("digits", out=out, resume=True, **given)
    assert again["test_error"] == whole["test_error"]
    recorded = RunFolder(out).config["settings"]
    torch.save(create("wrn-10-1", classes=10, channels=1).state_dict(), weights)
    with pytest.raises(UserError, match="weights_fingerprint"):
        dada.train("digits", out=out, resume=True, **given)
    with pytest.raises(UserError, match="not those that the run was started with"):
        dada.train(**dada.runs.recall(out).arguments, out=out, resume=True)
    assert recorded["weights_fingerprint"] is not None


def test_a_search_starts_its_trials_there(weights):
    """With steps this small and no policy, every trial is the network of the file."""
    given = {"model": "wrn-10-1", "weights": weights, "fold_images": 20, "images": 60}
    records = []

    class Seen(dada.Callback):
        def on_record(self, record):
            records.append(record)

    dada.search("digits", lr=1e-12, epochs=1, folds=2, callback=Seen(), **given)
    losses = {round(score["loss"], 6) for score in records[0]["trials"].values()}
    assert len(losses) == 1 and losses.pop() < 2.3


def test_a_module_has_its_own_weights(weights):
    network = create("wrn-10-1", classes=10, channels=1)
    asked = with_own_weights(make_settings("finetune"), network)
    assert asked.weights is None and asked.optimiser == "adamw"
    with pytest.raises(UserError, match="a module starts from its own"):
        with_own_weights(make_settings(weights=weights), network)
    assert with_own_weights(make_settings(weights=weights), "wrn-10-1").weights == weights
    found = dada.train("digits", model=network, recipe="finetune", images=60, epochs=1)
    assert 0 <= found["test_error"] <= 1


def test_settings_that_came_later_have_their_defaults():
    before = {"epochs": 3, "lr": 0.5}
    later = with_later(TrainSettings, before)
    assert later["optimiser"] == "sgd" and later["weights"] is None and later["epochs"] == 3


def test_a_look_one_step_ahead_is_one_of_sgd(weights):
    with pytest.raises(UserError, match="one step ahead is one of sgd"):
        dada.search("digits", preset="step", weights=weights, optimiser="adamw")
