"""The recipes are what the paper trained: read, complete, and fit for their data."""

import re
from importlib.resources import files

import pytest

from dada.models.create import check_name
from dada.policy import published_names
from dada.runs import Callback
from dada.training import train
from dada.training.recipes import recipes
from dada.training.settings import make_settings
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
    assert recipes().keys() - PAPER.keys() == {"imagenet-resnet200"}


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
    assert name.startswith(recipe.receipt.data.split("-")[0])
    assert recipe.receipt.command == f"dada train --recipe {name} --policy {recipe.receipt.policy}"
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


@pytest.mark.parametrize("name", recipes())
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
