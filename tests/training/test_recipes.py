"""The recipes are what the paper trained: read, complete, and fit for their data."""

import re
import sys
from importlib.resources import files

import pytest
import torch

from dada.datasets import FileDataset
from dada.models import create
from dada.models.create import check_name
from dada.names import INSTANCES
from dada.policy import published_names
from dada.runs import Callback
from dada.training import train
from dada.training.recipes import recipes
from dada.training.settings import make_settings
from tests.datasets.annotated.formats import with_outlines, write, write_picture
from tests.datasets.formats import (
    let_any_file_pass,
    write_cifar10,
    write_cifar100,
    write_imagenet,
    write_svhn,
)

# shared facts: batch, epochs, peak learning rate (lr × multiplier), weight decay, Cutout.
PAPER = {
    "cifar10-wrn-40-2": (512, 200, 0.4, 2e-4, 16),
    "cifar10-wrn-28-10": (512, 200, 0.4, 5e-4, 16),
    "cifar100-wrn-40-2": (512, 200, 0.4, 5e-4, 16),
    "cifar100-wrn-28-10": (512, 200, 0.4, 5e-4, 16),
    "svhn-wrn-28-10": (512, 200, 0.04, 5e-4, 20),
    "cifar10-shake-shake-26-2x32d": (512, 1800, 0.04, 1e-3, 16),
    "cifar10-shake-shake-26-2x96d": (512, 1800, 0.04, 1e-3, 16),
    "cifar10-shake-shake-26-2x112d": (512, 1800, 0.04, 1e-3, 16),
    "cifar100-shake-shake-26-2x96d": (512, 1800, 0.04, 1e-3, 16),
    "svhn-shake-shake-26-2x96d": (512, 1800, 0.04, 1e-3, 16),
    "cifar10-pyramidnet-272-200": (512, 1800, 0.05, 5e-5, 16),
    "cifar100-pyramidnet-272-200": (512, 1800, 0.05, 5e-5, 16),
    "imagenet-resnet50": (512, 270, 0.2, 1e-4, 0),
}

# The 1x schedule of detectors: the learning rate. Batches of 16; divided by 10 after 60,000 and
# 80,000 of 90,000 steps, after 500 steps from a third.
TRANSFER = {
    "coco-retinanet_resnet50_fpn": 0.01,
    "coco-fasterrcnn_resnet50_fpn": 0.02,
    "coco-maskrcnn_resnet50_fpn": 0.02,
}
COCO = 118_287  # training images


@pytest.mark.parametrize("name", TRANSFER)
def test_a_detectors_schedule_is_once_the_usual_one(name):
    s = make_settings(name)
    steps = -(-COCO // s.batch)
    assert (s.batch, s.lr, s.weight_decay, s.momentum) == (16, TRANSFER[name], 1e-4, 0.9)
    assert not s.nesterov and s.frozen_statistics and s.schedule == "steps"
    assert [round(steps * epoch, -2) for epoch in s.milestones] == [60_000, 80_000]
    assert round(steps * s.warmup, -1) == 500 and s.warmup_from == pytest.approx(1 / 3, abs=0.001)
    assert steps * s.epochs == 88_716, "as the receipt says"
    before = make_settings("imagenet-resnet50")
    assert (s.mean, s.std) == (before.mean, before.std), "the backbone sees images as it did"


@pytest.mark.parametrize("name", PAPER)
def test_settings_are_the_papers(name):
    s = make_settings(name)
    found = (s.batch, s.epochs, s.lr, s.weight_decay, s.cutout)
    assert found == pytest.approx(PAPER[name])
    assert s.nesterov and s.momentum == 0.9
    large, pyramid = "imagenet" in name, "pyramid" in name
    warmup = (3, 0.5) if large else (0, 0) if pyramid else (5, 0.25)  # from lr to lr × multiplier
    assert (s.warmup, s.warmup_from) == warmup
    assert (s.schedule, s.milestones) == (("steps", (90, 180, 240)) if large else ("cosine", ()))


def test_every_recipe_but_resnet200_which_the_paper_does_not_train_is_the_papers():
    assert recipes().keys() - PAPER.keys() == {"imagenet-resnet200", *TRANSFER}


# What the published configuration files have where they differ from the paper.
CONFS = {
    "cifar10-shake-shake-26-2x112d": {"weight_decay": "2e-3"},
    "cifar100-shake-shake-26-2x96d": {"weight_decay": "2.5e-3"},
    "svhn-shake-shake-26-2x96d": {
        "epochs": "200",
        "batch": "1024",
        "lr": "0.08",
        "weight_decay": "1.5e-4",
        "cutout": "20",
    },
    "cifar10-pyramidnet-272-200": {"batch": "64 in all"},
    "cifar100-pyramidnet-272-200": {"batch": "64 in all", "lr": "0.025", "weight_decay": "5e-4"},
}


@pytest.mark.parametrize("name", recipes())
def test_what_the_published_conf_has_otherwise_stands_at_the_line(name):
    text = files("dada.training.recipes").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    found = re.findall(r"^(\w+) = .* # .*the published conf: (.*)$", text, re.MULTILINE)
    assert dict(found) == CONFS.get(name, {})


def test_imagenet_has_its_top_5_errors():
    paper = recipes()["imagenet-resnet50"].receipt.paper_top5
    assert paper == {
        "baseline": "6.9",
        "autoaugment": "6.2",
        "fast_autoaugment": "6.3",
        "dada": "6.5",
    }
    assert [name for name, recipe in recipes().items() if recipe.receipt.paper_top5] == [
        "imagenet-resnet50"
    ]


@pytest.mark.parametrize("name", recipes())
def test_a_recipe_is_complete(name):
    recipe, settings = recipes()[name], make_settings(name)
    assert name.startswith(recipe.receipt.data.removeprefix(INSTANCES).split("-")[0])
    command = f"dada train --recipe {name}"
    if before := recipe.receipt.backbone:
        run = f"runs/train/{before}-{recipes()[before].receipt.policy}-0"
        assert recipe.receipt.command == f"{command} --side 800 --backbone {run}"
        assert recipe.receipt.departures and recipe.receipt.claim
    else:
        assert recipe.receipt.command == f"{command} --policy {recipe.receipt.policy}"
        assert recipe.receipt.policy in published_names()
    assert settings.model and name.endswith(settings.model)
    check_name(settings.model)
    assert settings.mean and settings.std and settings.flip
    assert "FLOP" in recipe.receipt.cost


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Files of all four datasets, a few images each."""
    root = tmp_path_factory.mktemp("root")
    write_cifar10(root)
    write_cifar100(root)
    write_svhn(root, train=20, extra=13, test=10)
    write_imagenet(root)
    return root


class OneStep(Callback):
    """Ends a training after its first step."""

    def on_start(self, work):
        self.work = work

    def on_progress(self):
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", sorted(recipes().keys() - TRANSFER.keys()))
def test_a_recipe_makes_its_first_step(name, root, monkeypatch):
    """The whole of it, but with two images a batch: network, reader, pipeline, policy."""
    let_any_file_pass(monkeypatch)
    callback, receipt = OneStep(), recipes()[name].receipt
    with pytest.raises(KeyboardInterrupt):
        train(policy=receipt.policy, recipe=name, root=root, batch=2, callback=callback, workers=0)
    work = callback.work
    training, dataset, method = work.training, work.dataset, work.method
    assert dataset.name == receipt.data and method.name == receipt.policy
    assert len(training.images) == len(dataset.train), "all images there are"
    moved = training.optimiser.state_dict()["state"]
    assert len(moved) == len(training.child.parameters), "every weight was updated"
    if receipt.data == "imagenet":
        assert len(dataset.classes) == 1000 and training.pipeline.size == (224, 224)


@pytest.fixture(scope="module")
def resnet50(tmp_path_factory):
    """A file of weights."""
    file = tmp_path_factory.mktemp("weights") / "resnet50.pt"
    torch.save(create("resnet50", 1000).state_dict(), file)
    return str(file)


@pytest.mark.parametrize("name", TRANSFER)
def test_a_detectors_recipe_makes_its_first_step(name, resnet50, tmp_path, monkeypatch):
    """From files of COCO's format that do not fit in memory, with the weights of a ResNet-50."""
    for part, names in {"train2017": "abcd", "val2017": "d"}.items():
        write(tmp_path / "coco" / "annotations" / f"instances_{part}.json", with_outlines(names))
        for i, picture in enumerate(names):
            write_picture(tmp_path / "coco" / part / f"{picture}.png", value=9 * i + len(names))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules["dada.datasets.load"], "_MEMORY", 1)
    callback, given = OneStep(), {"batch": 2, "images": 4, "side": 32, "backbone": resnet50}
    with pytest.raises(KeyboardInterrupt):
        train(recipe=name, callback=callback, workers=0, **given)
    work = callback.work
    training, dataset = work.training, work.dataset
    assert dataset.name == "coco" and isinstance(dataset, FileDataset)
    masks = recipes()[name].receipt.data.startswith(INSTANCES)
    assert masks == name.startswith("coco-mask") == (dataset.task.name == "instances")
    assert dataset.classes == ("cat", "dog") and training.pipeline.size == (32, 40)
    assert any("resnet50.pt; left out: fc.weight, fc.bias" in note for note in dataset.notes)
    moved = training.optimiser.state_dict()["state"]
    assert len(moved) == len(training.child.parameters), "every weight was updated"
