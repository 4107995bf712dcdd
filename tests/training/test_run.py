"""Whole trainings on the digits: files, resuming, several processes, and what is wrong."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.transforms import v2

import dada
from dada.datasets import open_files
from dada.errors import UserError
from dada.policy import Operation, Policy, PolicySchedule, Stage, SubPolicy
from dada.runs import Callback, RunFolder
from dada.training import train

SMALL = {
    "recipe": "demo",
    "images": 80,
    "epochs": 3,
    "batch": 20,
    "precision": "float32",
    "test_every": 1,
}


@pytest.fixture(scope="module")
def finished(digits, tmp_path_factory):
    """A finished training and its result; to read only."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    return folder, train(digits, "dada-svhn", out=folder, source="digits", **SMALL)


def test_the_files_of_a_run(finished):
    folder, result = finished
    run = RunFolder.open(folder)
    assert run.read_json("result.json") == result
    assert run.config["kind"] == "train" and run.config["seed"] == 0
    assert list(run.config["policies"]) == ["dada-svhn"]
    epochs = [event for event in run.events if event["event"] == "epoch"]
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["test_error"]) for row in rows] == [e["test_error"] for e in epochs]
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert result["test_error"] == epochs[-1]["test_error"]
    best = min(epochs, key=lambda event: event["test_error"])
    assert result["best"] == {"epoch": best["epoch"], "test_error": best["test_error"]}


def test_testing_can_be_rarer_and_never_misses_the_end(digits, tmp_path):
    given = {**SMALL, "epochs": 5, "test_every": 2}
    result = train(digits, out=tmp_path / "run", **given)
    epochs = [e for e in RunFolder.open(tmp_path / "run").events if e["event"] == "epoch"]
    assert ["test_error" in event for event in epochs] == [False, True, False, True, True]
    assert result["best"]["epoch"] in (2, 4, 5)
    with (tmp_path / "run" / "metrics.csv").open() as file:
        assert [bool(row["test_error"]) for row in csv.DictReader(file)] == [
            "test_error" in event for event in epochs
        ]


@pytest.mark.parametrize("weights", ["last", "best"])
def test_the_weights_are_those_that_were_tested(finished, weights):
    folder, result = finished
    found = dada.evaluate(folder, weights=weights)
    expected = result["test_error"] if weights == "last" else result["best"]["test_error"]
    assert found["test_error"] == expected
    assert found["classes"] == [str(digit) for digit in range(10)]


def test_other_data_can_be_evaluated_if_they_fit(finished, digits, tmp_path):
    folder, result = finished
    assert dada.evaluate(folder, digits)["test_error"] == result["test_error"]
    swapped = dada.Dataset("other", digits.test, digits.train, digits.classes)
    assert dada.evaluate(folder, swapped)["test_images"] == len(digits.train)
    few = dada.Dataset("few", digits.train, digits.test, (*digits.classes, "ten"))
    with pytest.raises(UserError, match="few has the class 'ten', which the network of"):
        dada.evaluate(folder, few)
    with pytest.raises(UserError, match="must be last or best"):
        dada.evaluate(folder, weights="first")


def test_an_average_of_the_weights_is_saved_as_it_is_tested(digits, tmp_path):
    result = train(digits, out=tmp_path / "run", source="digits", ema=0.8, **SMALL)
    assert dada.evaluate(tmp_path / "run")["test_error"] == result["test_error"]


@pytest.mark.parametrize("policy", ["none", "randaugment", "trivialaugment", "uniform"])
def test_methods_without_search_have_names(digits, policy):
    assert 0 < train(digits, policy, **{**SMALL, "epochs": 1})["test_error"] < 1


def test_a_policy_of_ones_own_from_its_file(digits, tmp_path):
    dada.save_policy(dada.load_policy("dada-svhn"), tmp_path / "mine.json")
    train(digits, tmp_path / "mine.json", out=tmp_path / "run", **{**SMALL, "epochs": 1})
    assert RunFolder.open(tmp_path / "run").config["policy"] == str(tmp_path / "mine.json")


class StopAfter(Callback):
    def __init__(self, epochs):
        self.left = epochs

    def on_record(self, record):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def same_weights(*folders):
    states = [RunFolder.open(folder).load_tensors("last.pt") for folder in folders]
    return all(torch.equal(states[0][name], state[name]) for state in states for name in state)


def test_an_interrupted_training_goes_on_to_the_same_weights(finished, digits, tmp_path):
    folder, result = finished
    with pytest.raises(KeyboardInterrupt):
        train(digits, "dada-svhn", out=tmp_path / "part", callback=StopAfter(1), **SMALL)
    resumed = train(digits, "dada-svhn", out=tmp_path / "part", resume=True, **SMALL)
    assert same_weights(folder, tmp_path / "part")
    assert resumed["test_error"] == result["test_error"] and resumed["best"] == result["best"]


def test_a_killed_training_goes_on_to_the_same_weights(finished, tmp_path):
    """SIGKILL in the middle of an epoch of a real process."""
    folder, _ = finished
    call = f"dada.train('digits', 'dada-svhn', out={str(tmp_path / 'killed')!r}, **{SMALL!r})"
    process = subprocess.Popen([sys.executable, "-c", f"import dada; {call}"])
    events, deadline = tmp_path / "killed" / "events.jsonl", time.monotonic() + 120
    while not (events.exists() and '"epoch": 1' in events.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    train("digits", "dada-svhn", out=tmp_path / "killed", resume=True, **SMALL)
    assert same_weights(folder, tmp_path / "killed")


def test_what_decides_a_training_cannot_change_when_it_goes_on(finished, digits):
    folder, _ = finished
    for changed in ({"seed": 1}, {"policy": "none"}, {"lr": 0.2}):
        given = {"policy": "dada-svhn", **SMALL, **changed}
        with pytest.raises(UserError, match="was started with"):
            train(digits, out=folder, resume=True, **given)


def test_wrong_requests(digits, tmp_path):
    with pytest.raises(UserError, match="no preset 'cifar'"):
        train(digits, recipe="cifar")
    with pytest.raises(UserError, match="name the data"):
        train(recipe="demo")
    with pytest.raises(UserError, match="no policy"):
        train(digits, "nowhere", **SMALL)
    with pytest.raises(UserError, match="lower lr="):
        train(digits, out=tmp_path / "run", **{**SMALL, "lr": 1e38})
    dada.search(digits, out=tmp_path / "search", preset="demo", epochs=1, images=64)
    with pytest.raises(UserError, match="not of dada train"):
        dada.evaluate(tmp_path / "search")


def test_any_module_can_be_trained(digits, tmp_path):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    result = train(digits, model=model, out=tmp_path / "run", source="digits", **SMALL)
    assert 0 < result["test_error"] < 1
    with pytest.raises(UserError, match="unknown network 'sequential'"):
        dada.evaluate(tmp_path / "run")
    fresh = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    assert dada.evaluate(tmp_path / "run", model=fresh)["test_error"] == result["test_error"]
    with pytest.raises(UserError, match="another network"):
        dada.evaluate(tmp_path / "run", model=nn.Sequential(nn.Flatten(), nn.Linear(64, 9)))


def test_tensorboard_is_an_extra(digits, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserError, match=r"pip install 'dada-augment\[tensorboard\]'"):
        train(digits, out=tmp_path / "run", tensorboard=True, **SMALL)
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Pictures of two classes, of many sizes, left in their files."""
    root, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for label, name in enumerate(("dark", "bright")):
        (root / name).mkdir()
        for number in range(20):
            size = (*random.integers(24, 60, 2), 3)
            pixels = random.integers(0, 128, size, np.uint8) + 120 * label
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{number}.png")
    return root


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker processes")
@pytest.mark.parametrize("workers", [0, 2])
def test_files_are_trained_on_and_resumed_exactly(files, tmp_path, workers):
    dataset = open_files(files, side=24)
    given = {**SMALL, "images": None, "model": "wrn-10-1", "crop": "resized", "workers": workers}
    whole = train(dataset, "dada-imagenet", out=tmp_path / "whole", source=str(files), **given)
    assert whole["test_images"] == 8 and whole["test_error"] <= 0.5
    with pytest.raises(KeyboardInterrupt):
        train(dataset, "dada-imagenet", out=tmp_path / "part", callback=StopAfter(1), **given)
    train(dataset, "dada-imagenet", out=tmp_path / "part", resume=True, **given)
    assert same_weights(tmp_path / "whole", tmp_path / "part")
    found = dada.evaluate(tmp_path / "whole", dataset)
    assert found["test_error"] == whole["test_error"]


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker processes")
@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_from_files_are_under_the_policy_of_their_epoch(tmp_path, workers):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        for number in range(10):
            Image.new("RGB", (24, 24), (100, 100, 100)).save(tmp_path / name / f"{number}.png")
    always = Policy((SubPolicy((Operation("Invert", 1.0, 0.0),)),))
    schedule = PolicySchedule((Stage(1, Policy.none()), Stage(1, always)))
    dataset, seen = open_files(tmp_path, side=24), []

    def watched(image):
        seen.append(set(image.unique().tolist()))
        return image

    given = {**SMALL, "epochs": 4, "images": None, "model": "wrn-10-1", "workers": workers}
    train(dataset, schedule, after=watched, crop="resized", **given)
    _, *trained = seen  # noise came first, to see whether it works
    each, left = divmod(len(trained), 4)
    assert each and not left
    assert trained == [{100}] * 2 * each + [{155}] * 2 * each


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker processes")
@pytest.mark.parametrize("workers", [None, 0, 2])
def test_transforms_of_ones_own_are_resumed_exactly(files, digits, tmp_path, workers):
    dataset = digits if workers is None else open_files(files, side=24)
    own = {"before": v2.RandomRotation(20), "after": v2.RandomApply([v2.GaussianBlur(3)])}
    given = {**SMALL, "images": 60 if workers is None else None, "model": "wrn-10-1", **own}
    given["workers"] = workers
    train(dataset, out=tmp_path / "whole", **given)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, out=tmp_path / "part", callback=StopAfter(1), **given)
    train(dataset, out=tmp_path / "part", resume=True, **given)
    assert same_weights(tmp_path / "whole", tmp_path / "part")
    for part in own:
        other = tmp_path / f"without {part}"
        train(dataset, out=other, **{**given, part: None})
        assert not same_weights(tmp_path / "whole", other)
    with pytest.raises(UserError, match="before: returned uint8"):
        train(dataset, **{**given, "before": v2.CenterCrop(4)})


def test_a_broken_file_stops_a_training_with_its_name(files, tmp_path):
    broken = tmp_path / "pictures"
    shutil.copytree(files, broken)
    dataset = open_files(broken, side=24)
    Path(dataset.train.files[3]).write_bytes(b"no picture")
    with pytest.raises(UserError, match=Path(dataset.train.files[3]).name):
        train(dataset, **{**SMALL, "images": None, "model": "wrn-10-1", "workers": 0})


def test_several_labels_an_image(tmp_path):
    """Which of three stripes of a picture are bright."""
    generator = torch.Generator().manual_seed(0)
    labels = (torch.rand(150, 3, generator=generator) < 0.5).float()
    noise = torch.randint(90, (150, 1, 9, 9), generator=generator)
    bright = 140 * labels.repeat_interleave(3, 1)[:, None, :, None]
    images = dada.ImageSet((noise + bright).to(torch.uint8), labels)
    dataset = dada.Dataset(
        "stripes",
        images.subset(range(100)),
        images.subset(range(100, 150)),
        ("top", "middle", "bottom"),
        flip=True,
    )
    given = {**SMALL, "images": None, "epochs": 8, "padding": 0}
    result = train(dataset, out=tmp_path / "run", **given)
    assert result["test_error"] < 0.1 and result["test_error_top5"] is None
    assert dada.evaluate(tmp_path / "run", dataset)["class_errors"] == result["class_errors"]
    compared = dada.compare(dataset, seeds=1, epochs=1, model="wrn-10-1", images=60)
    assert len(compared["rows"]) == 4
