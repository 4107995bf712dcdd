"""Whole searches on the digits: reproducible, resumable, and saying what is wrong."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from torch import nn

import dada
from dada.errors import UserError
from dada.runs import Callback, RunFolder
from dada.searching import search
from tests.searching import SMALL

KINDS = {
    "default": {},
    "paper": {"preset": "paper"},
    "gumbel-softmax": {"estimator": "gumbel-softmax", "epochs": 1},
    "exact": {"preset": "paper", "hypergradient": "exact", "epochs": 1},
    "three operations": {
        "length": 3,
        "operations": ("Rotate", "Invert", "Cutout", "ShearX"),
        "epochs": 1,
    },
}


@pytest.fixture
def no_report(monkeypatch):
    """Saves the drawing of reports that a test does not look at: most of its time."""
    monkeypatch.setattr("dada.searching.work.write_page", lambda folder: None)


@pytest.mark.parametrize("kind", KINDS)
def test_one_seed_one_policy_byte_for_byte(digits, tmp_path, kind, no_report):
    settings = {**SMALL, **KINDS[kind]}
    files = []
    for name in "ab":
        torch.rand(3)  # the caller's own use of the global generator must not matter
        policy = search(digits, out=tmp_path / name, **settings)
        files.append((tmp_path / name / "policy.json").read_bytes())
        assert dada.load_policy(tmp_path / name) == policy
    assert files[0] == files[1]
    other = search(digits, seed=1, **settings)
    assert other.sub_policies != policy.sub_policies


def test_a_search_leaves_the_callers_randomness_alone(digits):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    search(digits, **{**SMALL, "epochs": 1})
    assert torch.equal(torch.rand(3), expected)


class StopAfter(Callback):
    """In the second step of the epoch that follows."""

    def __init__(self, epochs):
        self.epochs, self.steps = epochs, 0

    def on_start(self, work):
        self.work = work

    def on_progress(self):
        self.steps += self.work.iteration == self.epochs
        if self.steps == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    "kind",
    [{}, {"preset": "paper"}, {"estimator": "relax", "views": 2, "images": 64, "batch": 16}],
    ids=["critic", "paper", "relax with views"],
)
def test_an_interrupted_search_goes_on_to_the_same_policy(digits, tmp_path, kind, no_report):
    """What the critic has learnt, RELAX's control variate, both optimisers, reward statistics."""
    settings = {**SMALL, **kind}
    search(digits, out=tmp_path / "whole", **settings)
    with pytest.raises(KeyboardInterrupt):
        search(digits, out=tmp_path / "part", callback=StopAfter(2), **settings)
    part = RunFolder.open(tmp_path / "part")
    assert dada.load_policy(part.path).provenance["epochs_done"] == 2
    search(digits, out=tmp_path / "part", resume=True, **settings)
    whole = RunFolder.open(tmp_path / "whole")
    assert (part.path / "policy.json").read_bytes() == (whole.path / "policy.json").read_bytes()
    assert [e.get("weights") for e in part.events] == [e.get("weights") for e in whole.events]


def test_an_interrupted_search_can_be_read(digits, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        search(digits, out=tmp_path / "part", callback=StopAfter(1), **SMALL)
    assert (tmp_path / "part" / "report.html").exists()


def test_a_killed_search_goes_on_to_the_same_policy(digits, tmp_path, no_report):
    """SIGKILL in the middle of an epoch of a real process."""
    settings = {**SMALL, "epochs": 6}
    search(digits, out=tmp_path / "whole", **settings)
    code = f"import dada; dada.search('digits', out={str(tmp_path / 'killed')!r}, **{settings!r})"
    process = subprocess.Popen([sys.executable, "-c", code])
    events = tmp_path / "killed" / "events.jsonl"
    deadline = time.monotonic() + 120
    while not (events.exists() and '"epoch": 2' in events.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    search(digits, out=tmp_path / "killed", resume=True, **settings)
    policies = [(tmp_path / n / "policy.json").read_bytes() for n in ("whole", "killed")]
    assert policies[0] == policies[1]


def test_resuming_a_finished_search_changes_nothing(digits, tmp_path, no_report):
    search(digits, out=tmp_path / "run", **SMALL)
    before = (tmp_path / "run" / "policy.json").read_bytes()
    search(digits, out=tmp_path / "run", resume=True, **SMALL)
    assert (tmp_path / "run" / "policy.json").read_bytes() == before


def test_another_configuration_cannot_be_resumed(digits, tmp_path, no_report):
    search(digits, out=tmp_path / "run", **{**SMALL, "epochs": 1})
    with pytest.raises(UserError, match=r"settings\.epochs = 1, not 2"):
        search(digits, out=tmp_path / "run", resume=True, **{**SMALL, "epochs": 2})


def test_a_run_is_never_overwritten(digits, tmp_path, no_report):
    search(digits, out=tmp_path / "run", **{**SMALL, "epochs": 1})
    before = (tmp_path / "run" / "policy.json").read_bytes()
    with pytest.raises(UserError, match="resume=True"):
        search(digits, out=tmp_path / "run", **{**SMALL, "seed": 1})
    assert (tmp_path / "run" / "policy.json").read_bytes() == before


class BlowUp(Callback):
    """Makes the network's output infinite after the second epoch."""

    def on_start(self, work):
        self.work = work

    def on_record(self, record):
        if record["epoch"] == 2:
            with torch.no_grad():
                next(iter(self.work.search.child.parameters.values())).fill_(float("nan"))


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(digits, tmp_path):
    with pytest.raises(UserError, match="lower lr=") as caught:
        search(digits, out=tmp_path / "run", callback=BlowUp(), **SMALL)
    assert "\n" not in str(caught.value) and "epoch 3" in str(caught.value)
    run = RunFolder.open(tmp_path / "run")
    assert run.load_checkpoint()["epoch"] == 2
    assert dada.load_policy(run.path).provenance["epochs_done"] == 2


def test_any_module_can_be_the_child_network(digits):
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(144, 10),
    )
    before = model[0].weight.detach().clone()
    policy = search(digits, **{**SMALL, "model": model, "epochs": 1})
    assert policy.provenance["settings"]["model"] == "Sequential"
    assert torch.equal(model[0].weight, before), "copies are trained"


class DarkAndBright(torch.utils.data.Dataset):
    """A user's own dataset."""

    def __len__(self):
        return 120

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        noise = torch.randint(100, (1, 8, 8), generator=generator)
        return (noise + 120 * (index % 3 > 0)).to(torch.uint8), int(index % 3 > 0)


def test_any_dataset_and_any_loss(tmp_path, no_report):
    weights = torch.tensor([2.0, 1.0])
    loss = nn.CrossEntropyLoss(weight=weights, reduction="none")
    given = {**SMALL, "images": None, "epochs": 1}
    weighted = search(DarkAndBright(), loss=loss, out=tmp_path / "run", **given)
    plain = search(DarkAndBright(), **given)
    assert weighted.sub_policies != plain.sub_policies
    balanced = search(DarkAndBright(), balance=True, **given)
    assert balanced.sub_policies not in (plain.sub_policies, weighted.sub_policies)
    assert RunFolder.open(tmp_path / "run").config["loss"] == "CrossEntropyLoss"
    with pytest.raises(UserError, match="one number per image"):
        search(DarkAndBright(), loss=nn.CrossEntropyLoss(), **given)
    with pytest.raises(UserError, match="loss"):
        search(DarkAndBright(), out=tmp_path / "run", resume=True, **given)


@pytest.mark.parametrize("method", ["dada", "random", "faster_autoaugment", "fast_autoaugment"])
@pytest.mark.parametrize(
    ("loss", "gave"),
    [(nn.CrossEntropyLoss(), r"\(\)"), (lambda outputs, labels: 1.0, "a float")],
)
def test_a_loss_that_is_not_of_each_image_is_one_line_and_no_folder(method, loss, gave, tmp_path):
    given = {"model": "proxy-4", "epochs": 1, "loss": loss, "out": tmp_path / "run"}
    with pytest.raises(UserError, match=f"^the loss gave {gave} for .* one number per image"):
        search(DarkAndBright(), method=method, **given)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["before", "after"])
def test_a_transform_that_gives_no_such_image_is_one_line_and_no_folder(name, tmp_path):
    given = {"model": "proxy-4", "epochs": 1, "out": tmp_path / "run"}
    for run in (search, dada.train):
        with pytest.raises(UserError, match=f"{name}.*uint8"):
            run(DarkAndBright(), **given, **{name: lambda image: image[:, 1:]})
        assert not (tmp_path / "run").exists()


class Several(DarkAndBright):
    """Whether the upper half is bright, and whether the lower is."""

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        labels = torch.tensor([index & 1, index >> 1 & 1])
        noise = torch.randint(100, (1, 8, 8), generator=generator)
        return (noise + 120 * labels.repeat_interleave(4)[:, None]).to(torch.uint8), labels


def test_several_labels_an_image(tmp_path):
    search(Several(), out=tmp_path / "run", **{**SMALL, "images": None, "epochs": 8, "lr": 0.1})
    epochs = [e for e in RunFolder.open(tmp_path / "run").events if e["event"] == "epoch"]
    assert epochs[-1]["validation_loss"] < 0.4 < epochs[0]["validation_loss"]
    assert epochs[-1]["validation_accuracy"] > 0.8, "the share of labels that are right"
    assert (tmp_path / "run" / "report.html").exists()


def test_validation_images_are_neither_training_nor_test_images(digits):
    seen = {}

    class Look(Callback):
        def on_start(self, work):
            train, valid = work.search.problem.halves()
            seen.update(train=train, valid=valid)

    search(digits, callback=Look(), **{**SMALL, "epochs": 1})
    sets = [
        {image.numpy().tobytes() for image in images}
        for images in (seen["train"].images, seen["valid"].images, digits.test.images)
    ]
    assert len(sets[0]) == len(sets[1]) == 80
    assert not sets[0] & sets[1] and not (sets[0] | sets[1]) & sets[2]


@pytest.mark.parametrize("settings", [SMALL, {"epochs": 1, "operations": ("Rotate", "Invert")}])
def test_a_class_of_one_image_is_searched_with(settings):
    pixels = torch.randint(256, (41, 1, 8, 8), dtype=torch.uint8)
    labels = torch.tensor([0] * 20 + [1] * 20 + [2])
    data = dada.Dataset(
        "few", dada.ImageSet(pixels, labels), dada.ImageSet(pixels[:9], labels[:9]), tuple("abc")
    )
    seen = {}

    class Look(Callback):
        def on_start(self, work):
            train, valid = work.search.problem.halves()
            seen.update(train=train.labels, valid=valid.labels)

    search(data, callback=Look(), **settings)
    assert 2 in seen["train"] and 2 not in seen["valid"]


def test_grey_images_leave_the_colour_operation_out(digits):
    policy = search(digits, **{**SMALL, "epochs": 1})
    assert "Color" not in policy.provenance["settings"]["operations"]
    assert "Color" not in policy.describe()


def test_the_batch_statistics_are_updated_once_a_step(digits):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 10))
    seen = {}

    class Look(Callback):
        def on_start(self, work):
            seen.update(model=work.search.child.model)

    search(digits, callback=Look(), **{**SMALL, "model": model, "epochs": 2})
    assert seen["model"][1].num_batches_tracked.item() == 4  # 2 epochs of 2 batches
