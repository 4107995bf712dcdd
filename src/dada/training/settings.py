"""Settings of a training under a fixed policy."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dada.datasets import Dataset
from dada.errors import UserError, first_line
from dada.searching.settings import NonNegative, Positive, fill


class TrainSettings(BaseModel):
    """Everything that decides what a training gives, besides data, policy and seed.

    Attributes left at None are filled in from the data by `for_dataset`. The defaults are the
    paper's recipe (section 4) with the epochs and learning rate that a small set wants.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str = "default"
    images: Annotated[int, Field(ge=4)] | None = None
    model: str | None = None
    epochs: Annotated[int, Field(ge=1)] = 60
    batch: Annotated[int, Field(ge=2)] = 128
    lr: Positive = 0.1
    warmup: NonNegative = 5.0
    """Epochs of linear warm-up before the cosine; both go step by step."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: NonNegative = 5e-4
    clip: Positive = 5.0
    padding: Annotated[int, Field(ge=0)] | None = None
    flip: bool | None = None
    cutout: Annotated[int, Field(ge=0)] | None = None
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "paper": {
        "epochs": 200,
        "batch": 512,
        "lr": 0.4,  # 0.1 × warm-up multiplier 4
        "model": "wrn-40-2",
        "weight_decay": 2e-4,
        "flip": True,
    },
    # Few images, where augmentation has most to give, and seconds a training on two cores.
    "demo": {"epochs": 30, "batch": 64, "model": "wrn-10-1", "images": 200},
}


def make_settings(preset: str = "default", **overrides: Any) -> TrainSettings:
    """Settings of a preset with single ones replaced; None leaves the preset's.

    Raises:
        UserError: no such preset or setting, or a value out of range.
    """
    if preset not in PRESETS:
        raise UserError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    chosen = {name: value for name, value in overrides.items() if value is not None}
    try:
        return TrainSettings(**{"preset": preset, **PRESETS[preset], **chosen})
    except ValidationError as error:
        raise UserError(f"setting {first_line(error)}") from None


def for_dataset(settings: TrainSettings, dataset: Dataset, accelerated: bool) -> TrainSettings:
    """Fill in what was left open, from the data."""
    filled = fill(settings.model_dump(), dataset, accelerated)
    filled["batch"] = min(filled["batch"], filled["images"])
    return TrainSettings(**filled)
