"""A network whose backbone starts from a training, in trainings and comparisons."""

import re

import pytest
import torch

import dada
from dada.comparison.bench import Bench
from dada.datasets import Dataset, ImageSet
from dada.errors import UserError
from dada.models import create
from dada.runs import RunFolder
from dada.training.augmentations import BASELINE
from dada.training.backbone import backbone_at, noted
from dada.training.build import network_of
from dada.training.hooks import NO_HOOKS
from dada.training.settings import for_dataset, make_settings

SMALL = {"images": 8, "epochs": 1, "batch": 8, "precision": "float32"}


def coloured(count, labels, classes):
    generator = torch.Generator().manual_seed(count)
    images = torch.randint(256, (count, 3, 32, 32), generator=generator, dtype=torch.uint8)
    part = ImageSet(images, labels)
    return Dataset("coloured", part, part, classes)


@pytest.fixture(scope="module")
def kinds():
    return coloured(8, torch.arange(8) % 2, ("one", "two"))


@pytest.fixture(scope="module")
def squares():
    """A class for each pixel."""
    labels = torch.zeros(8, 32, 32, dtype=torch.uint8)
    labels[:, 8:24, 8:24] = 1
    return coloured(8, labels, ("background", "square"))


@pytest.fixture(scope="module")
def run(kinds, tmp_path_factory):
    """A training of a classifier."""
    out = tmp_path_factory.mktemp("run") / "first"
    dada.train(kinds, model="mobilenet_v3_large", out=out, **SMALL)
    return str(out)


MODEL = "lraspp_mobilenet_v3_large"


def settings(dataset, **given):
    return for_dataset(make_settings(**SMALL, **given), dataset, accelerated=False)


def test_a_networks_backbone_is_the_runs_and_the_rest_is_the_seeds(run, squares):
    torch.manual_seed(3)
    network = network_of(settings(squares, model=MODEL, backbone=run), 2, 3)
    torch.manual_seed(3)
    fresh = create(MODEL, 2, 3).state_dict()
    before = torch.load(f"{run}/last.pt")
    for key, tensor in network.state_dict().items():
        place, _, name = key.partition(".")
        expected = before[f"features.{name}"] if place == "backbone" else fresh[key]
        assert torch.equal(tensor, expected), key


def test_a_note_counts_what_was_taken_and_names_what_was_left(run, squares):
    (*_, note) = noted(squares, MODEL, run).notes
    part = [k for k in create(MODEL, 2).state_dict() if k.startswith("backbone.")]
    assert note == (
        f"backbone of {MODEL} starts from {len(part)} tensors of {run}/last.pt; left out: "
        "classifier.0.weight, classifier.0.bias, classifier.3.weight, classifier.3.bias"
    )
    assert noted(squares, MODEL, None) is squares


def test_images_are_normalised_as_the_run_did(run, kinds, squares):
    seen = RunFolder.open(run).config["settings"]
    chosen = settings(squares, model=MODEL, backbone=run)
    assert chosen.mean == tuple(seen["mean"]) and chosen.std == tuple(seen["std"])
    file = settings(squares, model=MODEL, backbone=f"{run}/last.pt")
    assert file.mean == (0.485, 0.456, 0.406), "of a file nothing is known but the network's usual"
    assert file.backbone_fingerprint == chosen.backbone_fingerprint
    own = settings(squares, model=MODEL, backbone=run, mean=(0.1,) * 3, std=(0.2,) * 3)
    assert own.mean == (0.1,) * 3
    assert settings(kinds).backbone_fingerprint is None


def test_a_training_starts_there_and_is_resumed_with_the_same(run, squares, tmp_path):
    out, file = tmp_path / "second", tmp_path / "weights.pt"
    torch.save(torch.load(f"{run}/last.pt"), file)
    given = {"model": MODEL, "backbone": str(file), "lr": 1e-12, "weight_decay": 0.0, **SMALL}
    dada.train(squares, out=out, **given)
    found, before = torch.load(out / "last.pt"), torch.load(file)
    torch.testing.assert_close(found["backbone.0.0.weight"], before["features.0.0.weight"])
    config = RunFolder.open(out).config
    assert config["settings"]["backbone"] == str(file)
    assert any("starts from" in note for note in config["data"]["notes"])
    dada.train(squares, out=out, resume=True, **given)
    torch.save(create("mobilenet_v3_large", 2).state_dict(), file)
    with pytest.raises(UserError, match="backbone_fingerprint"):
        dada.train(squares, out=out, resume=True, **given)
    recorded = {k: v for k, v in config["settings"].items() if k != "preset"}
    with pytest.raises(UserError, match="not the weights that the run was started with"):
        dada.train(squares, out=out, resume=True, **recorded)


@pytest.mark.parametrize(
    ("given", "model", "message"),
    [
        ("{run}", "resnet18", "backbone {run}/last.pt: a ResNet has no backbone"),
        ("{run}", "fcn_resnet50", "backbone {run}/last.pt: not the weights of the backbone"),
        ("{run}/none", MODEL, "backbone {run}/none: no such run folder or file of weights"),
        ("{empty}", MODEL, "backbone {empty}: no run folder with the weights of a training"),
        ("{run}/config.json", MODEL, "{run}/config.json: not a file of weights"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(given, model, message, run, squares, tmp_path):
    places = {"run": run, "empty": str(tmp_path)}
    expected = "^" + re.escape(message.format(**places)) + "[^\n]*$"
    with pytest.raises(UserError, match=expected):
        dada.train(squares, model=model, backbone=given.format(**places), **SMALL)


def test_a_module_starts_from_its_own(run, squares):
    with pytest.raises(UserError, match="a module starts from its own weights"):
        dada.train(squares, model=create(MODEL, 2), backbone=run, **SMALL)


def test_weights_that_changed_are_read_again(run, tmp_path):
    file = tmp_path / "weights.pt"
    torch.save({"a": torch.ones(2)}, file)
    first = backbone_at(str(file))
    torch.save({"a": torch.zeros(2)}, file)
    assert backbone_at(str(file)).fingerprint != first.fingerprint


def test_every_training_of_a_comparison_starts_there(run, squares):
    asked = make_settings(model=MODEL, backbone=run, **SMALL)
    bench = Bench(squares, asked, torch.device("cpu"), NO_HOOKS)
    before = torch.load(f"{run}/last.pt")["features.0.0.weight"]
    for seed in (0, 1):
        network = bench.begin(BASELINE, seed).child.model
        assert torch.equal(network.backbone.state_dict()["0.0.weight"], before)
    assert bench.dataset.notes[-1].startswith(f"backbone of {MODEL} starts from ")
