"""Settings of a training under a fixed policy."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from dada.datasets import Dataset
from dada.searching.common import NetworkSettings, NonNegative, fill, from_preset


class TrainSettings(NetworkSettings):
    """Everything that decides what a training gives, besides data, policy and seed.

    What is None is filled in from the data by `for_dataset`. The defaults are the paper's recipe
    (section 4) with the epochs and learning rate that a small set wants.
    """

    epochs: Annotated[int, Field(ge=1)] = 60
    weight_decay: NonNegative = 5e-4
    warmup: NonNegative = 5.0
    """Epochs of linear warm-up before the cosine; both go step by step."""


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "paper": {
        "images": 2**40,  # all that there are
        "epochs": 200,
        "batch": 512,
        "lr": 0.4,  # 0.1 × warm-up multiplier 4
        "model": "wrn-40-2",
        "weight_decay": 2e-4,
        "flip": True,
    },
    # Few images, where augmentation has most to give, and seconds a training on one core.
    "demo": {"epochs": 60, "batch": 64, "model": "wrn-10-1", "images": 200},
}


def make_settings(preset: str = "default", **overrides: Any) -> TrainSettings:
    """Settings of a preset with single ones replaced; None leaves the preset's.

    Raises:
        UserError: no such preset or setting, or a value out of range.
    """
    return from_preset(TrainSettings, PRESETS, preset, overrides)


def for_dataset(settings: TrainSettings, dataset: Dataset, accelerated: bool) -> TrainSettings:
    """Fill in what was left open, from the data."""
    filled = fill(settings.model_dump(), dataset, accelerated)
    filled["batch"] = min(filled["batch"], filled["images"])
    return TrainSettings(**filled)
