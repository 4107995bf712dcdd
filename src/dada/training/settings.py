"""Settings of a training under a fixed policy."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from dada.datasets import Chosen, Dataset, FileDataset, reduced
from dada.training.network import (
    Epochs,
    NetworkSettings,
    NonNegative,
    Positive,
    ResolvedNetwork,
    with_later,
)
from dada.training.presets import FINETUNE, from_preset, preset_for
from dada.training.recipes import recipes
from dada.training.resolve import resolved, usual_images

Fraction = Annotated[float, Field(ge=0, lt=1)]


class TrainSettings(NetworkSettings):
    """Everything that determines a training, besides data, policy and seed.

    `for_dataset` resolves None from the data. The defaults are the paper's recipe (section 4) with
    the epochs and learning rate that suit a small set.
    """

    epochs: Epochs = 60
    weight_decay: NonNegative = 5e-4
    nesterov: bool = True
    warmup: NonNegative = 5.0
    """Epochs over which the learning rate rises linearly to `lr`, step by step."""
    warmup_from: Fraction = 0.0
    """Share of `lr` that the warm-up starts at."""
    schedule: Literal["cosine", "steps"] = "cosine"
    milestones: tuple[Positive, ...] = ()
    """Epochs at which the schedule "steps" divides the learning rate by ten."""
    label_smoothing: Fraction = 0.0
    ema: Fraction = 0.0
    """Decay per step of a moving average of the weights, which is what is tested; 0 for none."""
    backbone: str | None = None
    """A run folder of `dada train`, or a file of weights, that the network's backbone starts from,
    as in the paper's transfer; None: as the rest of the network."""
    backbone_fingerprint: str | None = None
    """Of these weights; a run resumes with the same. None: whatever they are."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Parts that a batch is split into, to save memory."""
    test_every: Annotated[int, Field(ge=1)] | None = None
    """Epochs between tests; None: tests take at most a tenth of the training's own work. The last
    epoch is always tested."""


class ResolvedTraining(ResolvedNetwork, TrainSettings):
    """The same with nothing left open."""

    test_every: Annotated[int, Field(ge=1)]


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # Few images, where augmentation helps most, and a network of the task's that takes seconds per
    # training on one core (`Task.demo`).
    "demo": {"epochs": 60, "images": 200},
    "finetune": {**FINETUNE, "warmup": 1.0},
}


def make_settings(preset: str = "default", **overrides: Any) -> TrainSettings:
    """Settings of a preset or a recipe with single ones replaced; None keeps the preset's.

    Raises:
        UserError: no such preset or setting, or a value out of range.
    """
    presets = PRESETS | {name: recipe.settings for name, recipe in recipes().items()}
    return from_preset(TrainSettings, presets, preset_for(preset, overrides), overrides)


def as_now(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The config of a training or comparison of an older release, as this one would write it."""
    return {**before, "settings": with_later(TrainSettings, before.get("settings", {}))}


def choose_images(settings: TrainSettings, files: FileDataset) -> Chosen:
    """The images that a comparison uses, chosen by labels before they are decoded."""
    rows = reduced(files.train.labels, settings.images or usual_images(files.name))
    return Chosen(rows, validation=0)


def for_dataset(
    settings: TrainSettings, dataset: Dataset | FileDataset, accelerated: bool
) -> ResolvedTraining:
    """The settings with what was left open resolved from the data.

    Args:
        accelerated: whether a GPU will do the work, which affords a larger network.

    Raises:
        UserError: there are too few images, or a setting does not fit them.
    """
    task, given = dataset.task, settings.model_fields_set
    usual = task.usual | (task.demo if settings.preset == "demo" else {})
    usual = {name: value for name, value in usual.items() if name not in given}
    filled = resolved(settings.model_dump() | usual, dataset, accelerated)
    filled["batch"] = min(filled["batch"], filled["images"])
    if filled["test_every"] is None:  # a training step costs three forward passes
        filled["test_every"] = -(-10 * len(dataset.test) // (3 * filled["images"]))
    return ResolvedTraining(**filled)
