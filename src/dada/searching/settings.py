"""Settings of a search, and the presets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dada.datasets import PAPER_REDUCED, Dataset, channel_statistics
from dada.errors import UserError, first_line
from dada.models import suggest
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Scale, SearchSpace

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """Everything that decides what a search finds, besides the data; by default, as it is best.

    Attributes left at None are filled in from the data by `for_dataset`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str = "default"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    images: Annotated[int, Field(ge=4)] | None = None
    """How many training images to search on (the reduced set); None: the paper's number for the
    paper's sets, else at most 4,000."""

    # The child network and its training.
    model: str | None = None
    epochs: Annotated[int, Field(ge=1)] = 20
    batch: Annotated[int, Field(ge=2)] = 128
    lr: Positive = 0.1
    lr_min: NonNegative = 0.001
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: NonNegative = 2e-4
    clip: Positive = 5.0
    padding: Annotated[int, Field(ge=0)] | None = None
    flip: bool | None = None
    cutout: Annotated[int, Field(ge=0)] | None = None
    precision: Literal["auto", "float32", "bfloat16"] = "auto"

    # The search space.
    operations: tuple[str, ...] | None = None
    length: Annotated[int, Field(ge=1, le=6)] = 2
    scale: Literal["paper", "strength"] = "strength"
    bounds: dict[str, tuple[float, float]] = Field(default_factory=dict)
    spread: NonNegative = 1.0
    """Randomness of magnitudes, as in `dada.policy.Operation`."""

    # The policy gradient.
    draws: Literal["image", "batch"] = "image"
    estimator: Literal["relax", "gumbel-softmax"] = "relax"
    hypergradient: Literal["exact", "finite-difference"] = "exact"
    magnitudes: Literal["sampled", "straight-through"] = "sampled"
    parameters: Literal["logit", "direct"] = "logit"
    """How probabilities and magnitudes are stored: as logits, or as themselves and clipped."""
    policy_lr: Positive = 0.02
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (
        0.5,
        0.999,
    )
    temperature: Positive = 0.5
    hidden: Annotated[int, Field(ge=1)] = 100
    keep: Annotated[int, Field(ge=1)] = 25
    """How many leading sub-policies the policy keeps."""
    uniform_weights: bool = False
    """Choose the kept sub-policies uniformly in training, as the paper does."""


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # The settings of the paper (section 4) and of its published scripts.
    "paper": {
        "flip": True,
        "scale": "paper",
        "spread": 0.0,
        "draws": "batch",
        "magnitudes": "straight-through",
        "parameters": "direct",
        "policy_lr": 0.005,
        "uniform_weights": True,
        # The hypergradient stays exact: it is what the paper's finite difference approximates,
        # and costs less. The set's own settings are in PAPER_BY_DATASET.
    },
    # Seconds on two cores, for a first look.
    "demo": {"epochs": 12, "batch": 64, "model": "wrn-10-1"},
}

PAPER_BY_DATASET: dict[str, dict[str, Any]] = {
    "cifar100": {"batch": 32, "weight_decay": 5e-4},
    "svhn": {"model": "wrn-28-10", "batch": 32, "lr": 0.00125, "weight_decay": 1e-3},
    "imagenet": {"model": "resnet50", "batch": 32, "lr": 0.00125, "weight_decay": 1e-4},
}


def make_settings(preset: str = "default", **overrides: Any) -> Settings:
    """Settings of a preset with single ones replaced; None leaves the preset's.

    Raises:
        UserError: no such preset or setting, or a value out of range.
    """
    if preset not in PRESETS:
        raise UserError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
    chosen = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**{"preset": preset, **PRESETS[preset], **chosen})
    except ValidationError as error:
        raise UserError(f"setting {first_line(error)}") from None


def for_dataset(settings: Settings, dataset: Dataset, accelerated: bool = False) -> Settings:
    """Fill in what was left open, from the data.

    Args:
        accelerated: whether a GPU will do the work, which affords a larger child network.
    """
    filled = settings.model_dump(exclude_unset=True)
    if settings.preset == "paper":
        filled = {"model": "wrn-40-2", **PAPER_BY_DATASET.get(dataset.name, {}), **filled}
    filled = fill(filled, dataset, accelerated)
    # Half of the images are for training; a batch cannot be larger than that.
    filled["batch"] = min(filled.get("batch", Settings().batch), max(2, filled["images"] // 2))
    space = PAPER_OPERATIONS if settings.operations is None else settings.operations
    if dataset.channels == 1:
        space = tuple(name for name in space if not get(name).color_only)
    filled["operations"] = space
    return Settings(**filled)


def fill(settings: dict[str, Any], dataset: Dataset, accelerated: bool) -> dict[str, Any]:
    """Replace what is missing or None by what suits the data; for searching and training.

    Raises:
        UserError: there are too few images.
    """
    side = max(dataset.side)
    guesses = {
        "images": PAPER_REDUCED.get(dataset.name, 4000),
        "model": suggest(side, accelerated),
        "padding": side // 8,  # 4 of 32 in the paper
        "flip": dataset.flip,
        "cutout": side // 2 if 24 <= side <= 64 else 0,  # 16 of 32 in the paper
    }
    filled = {**settings, **{k: v for k, v in guesses.items() if settings.get(k) is None}}
    filled["images"] = min(filled["images"], len(dataset.train))
    if filled["images"] < 4:
        raise UserError(f"{dataset.name}: {len(dataset.train)} training images: at least 4 needed")
    return filled


def normalisation(preset: str, dataset: Dataset) -> dict[str, tuple[float, ...]]:
    """Mean and deviation of the channels: the data's own, or what the paper's scripts use."""
    if preset == "paper" and dataset.channels == 3 and dataset.name != "imagenet":
        return {"mean": (0.4914, 0.4822, 0.4465), "std": (0.2023, 0.1994, 0.2010)}
    mean, std = channel_statistics(dataset.train.images)
    return {"mean": mean, "std": std}


def search_space(settings: Settings) -> SearchSpace:
    """The search space that the settings describe.

    Raises:
        UserError: an unknown operation, or impossible bounds.
    """
    try:
        scale = Scale(kind=settings.scale, bounds=dict(settings.bounds))
        operations = PAPER_OPERATIONS if settings.operations is None else settings.operations
        return SearchSpace(operations=operations, length=settings.length, scale=scale)
    except ValueError as error:
        reason = first_line(error) if isinstance(error, ValidationError) else str(error)
        raise UserError(f"search space: {reason}") from None
