"""The names that users type, in tables that need no PyTorch: help and completion stay fast."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

DATASETS = ("digits", "cifar10", "cifar100", "svhn", "svhn-extra", "fashion-mnist", "imagenet")
"""Data sets that `dada.datasets.load` knows by name."""

INSTANCES = "instances:"
"""Before the path of a folder: masks of objects are its labels, not their boxes."""

PAPER_NETWORKS = (
    "wrn-40-2",
    "wrn-28-10",
    "shake-shake-26-2x32d",
    "shake-shake-26-2x96d",
    "shake-shake-26-2x112d",
    "pyramidnet-272-200",
    "resnet50",
    "resnet200",
)
PRETRAINED = "pretrained"
"""Where a file of weights could stand: those that the network's library offers for it."""
NETWORK_PATTERNS = (
    "wrn-DEPTH-WIDTH",
    "proxy-WIDTH",
    "segmenter-WIDTH",
    "detector-WIDTH",
    "mask-detector-WIDTH",
    "shake-shake-DEPTH-2xWIDTHd",
    "pyramidnet-DEPTH-ALPHA",
)
"""Networks of any size; torchvision's and timm's have their names there."""

SEARCH_PRESETS = {
    "default": "whole trainings",
    "fast": "half a minute",
    "step": "a gradient at each step",
    "paper": "the published settings",
    "finetune": "trials start from pre-trained weights",
    "demo": "a minute",
}
SEARCH_METHODS = {
    "dada": "the policy gradient at a horizon, of one step to a whole training",
    "random": "the best of some random policies",
    "randaugment": "a grid of RandAugment's two numbers",
    "autoaugment": "a controller that learns from the accuracy of networks trained by its policies",
    "fast_autoaugment": "policies under which held-out images look familiar",
    "faster_autoaugment": "policies under which a critic takes images for original ones",
    "pba": "a population of trainings, the best of which are copied and varied",
}
TRAIN_PRESETS = ("default", "demo", "finetune")
"""For a training or a comparison, besides the recipes."""

WEIGHTS = {"last": "last.pt", "best": "best.pt"}
"""A training's weights, and their files in its run folder. "best" is chosen on the test images, as
in published code, so its error there is optimistically biased."""

WITHOUT_SEARCH = ("randaugment", "trivialaugment", "uniform")
"""What a training accepts in place of a policy, besides "none"."""

LOGGERS = ("tensorboard", "mlflow", "wandb")
"""Where a run's numbers can also go; see `dada.loggers`."""

TARGETS = ("python", "torchvision", "timm", "albumentations", "kornia", "dali", "list")
"""What a policy can be exported to; see `dada.export`."""


@cache
def published_policies() -> tuple[str, ...]:
    """The policies that come with the package."""
    return _names_of("policy/published", ".json")


@cache
def recipe_names() -> tuple[str, ...]:
    """The paper's final trainings that come with the package."""
    return _names_of("training/recipes", ".toml")


def _names_of(folder: str, ending: str) -> tuple[str, ...]:
    names = (file.name for file in files("dada").joinpath(folder).iterdir())
    return tuple(sorted(n.removesuffix(ending) for n in names if n.endswith(ending)))
