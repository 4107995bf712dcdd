"""Settings that a search and a training share: the network, its images and the pipeline."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dada.augment import Pipeline
from dada.datasets import PAPER_REDUCED, Dataset, FileDataset, channels_in_words
from dada.errors import UserError, first_line, meant
from dada.models import suggest
from dada.training.hooks import NO_HOOKS, UserHooks

# PyTorch takes no number that float32 has no room for.
Positive = Annotated[float, Field(gt=0, le=1e38, allow_inf_nan=False)]
Finite = Annotated[float, Field(ge=-1e38, le=1e38, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, le=1e38, allow_inf_nan=False)]


Epochs = Annotated[int, Field(ge=1, le=1_000_000)]


class NetworkSettings(BaseModel):
    """What decides how a network is trained. What is None is filled in from the data (`fill`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str = "default"
    images: Annotated[int, Field(ge=4)] | None = None
    """How many training images to use (the reduced set); None: the paper's number for the paper's
    sets, else at most 4,000; for trials 1,000, or 20 a class."""
    model: str | None = None
    epochs: Epochs = 20
    batch: Annotated[int, Field(ge=2)] = 128
    lr: Positive = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: NonNegative = 2e-4
    balance: bool = False
    """Weigh each class by its rarity in the loss, so that all classes count alike."""
    clip: NonNegative = 5.0
    """Largest norm of the weights' gradient; 0 for none."""
    crop: Literal["padded", "resized"] | None = None
    """Shifted by up to `padding` pixels, or a random part of the image resized, as for ImageNet."""
    padding: Annotated[int, Field(ge=0)] | None = None
    flip: bool | None = None
    cutout: Annotated[int, Field(ge=0)] = 0
    """Side of the square that is blanked in every training image, in pixels of the images that
    the network sees, after the policy; 0 for none."""
    jitter: Annotated[float, Field(ge=0, le=1)] | None = None
    lighting: NonNegative | None = None
    """Colour jitter and PCA lighting after the policy, as for ImageNet; 0 for none."""
    mean: tuple[Finite, ...] | None = None
    std: tuple[Annotated[float, Field(ge=1e-4, allow_inf_nan=False)], ...] | None = None
    """Of each channel, by which images are normalised; None: those of the training images."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


AnySettings = TypeVar("AnySettings", bound=NetworkSettings)


def from_preset(
    kind: type[AnySettings],
    presets: dict[str, dict[str, Any]],
    preset: str,
    overrides: dict[str, Any],
) -> AnySettings:
    """Settings of a preset with single ones replaced; None leaves the preset's.

    Raises:
        UserError: no such preset or setting, or a value out of range.
    """
    if not isinstance(preset, str) or preset not in presets:
        raise UserError(f"no preset {preset!r}; there are {', '.join(presets)}")
    for name in overrides:
        if name not in kind.model_fields:
            raise UserError(f"no setting {name!r}{meant(name, kind.model_fields)}")
    chosen = {name: value for name, value in overrides.items() if value is not None}
    if not isinstance(chosen.get("model", ""), str):
        raise UserError(
            "model: must be a name here, such as wrn-16-2; search and train take modules"
        )
    try:
        return kind(**{"preset": preset, **presets[preset], **chosen})
    except ValidationError as error:
        raise UserError(f"setting {first_line(error)}") from None


def usual_images(name: str) -> int:
    """How many training images of a set are used at most, unless it is said."""
    return PAPER_REDUCED.get(name, 4000)


def fill(
    settings: dict[str, Any], dataset: Dataset | FileDataset, accelerated: bool
) -> dict[str, Any]:
    """Replace what is missing or None by what suits the data.

    Args:
        accelerated: whether a GPU will do the work, which affords a larger network.

    Raises:
        UserError: there are too few images.
    """
    large, shorter = dataset.name == "imagenet", min(dataset.side)
    guesses: dict[str, Any] = {
        "images": usual_images(dataset.name),
        "model": suggest(max(dataset.side), accelerated),
        "crop": "resized" if large else "padded",
        "padding": shorter // 8,  # 4 of 32 in the paper
        "flip": dataset.flip,
        "jitter": 0.4 if large else 0.0,
        "lighting": 0.1 if large else 0.0,
    }
    if settings.get("mean") is None or settings.get("std") is None:
        mean, std = dataset.statistics()
        guesses |= {"mean": mean, "std": std}
    filled = {**settings, **{k: v for k, v in guesses.items() if settings.get(k) is None}}
    filled["images"] = min(filled["images"], len(dataset.train))
    if filled["images"] < 4:
        raise UserError(f"{dataset.name}: {len(dataset.train)} training images: at least 4 needed")
    if filled["lighting"] and dataset.channels != 3:
        kind = channels_in_words(dataset.channels)
        raise UserError(f"lighting is for colour images; {dataset.name} is {kind}: set it to 0")
    if filled.get("pixels"):  # trials see them so
        shorter = min(size_within(dataset.side, filled["pixels"]))
    for name in ("padding", "cutout"):
        if filled.get(name, 0) >= max(1, shorter):
            raise UserError(
                f"{name} {filled[name]} can leave nothing of the images of {dataset.name}: must "
                f"be below their side, {shorter} pixels"
            )
    for name in ("mean", "std"):
        if len(filled[name]) != dataset.channels:
            raise UserError(
                f"{name} {filled[name]}: must be {dataset.channels}, one for each channel of "
                f"{dataset.name}"
            )
    return filled


def size_within(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """Height and width with the longer side at most `pixels`, their ratio kept."""
    factor = min(1.0, pixels / max(size))
    height, width = (max(1, round(factor * side)) for side in size)
    return height, width


def pipeline_for(
    settings: NetworkSettings, size: tuple[int, int], hooks: UserHooks = NO_HOOKS
) -> Pipeline:
    """The pipeline of complete settings.

    Args:
        size: height and width of the images, in pixels.
        hooks: with the transforms around the policy.
    """
    s = settings
    assert s.mean and s.std and s.padding is not None and s.crop
    assert s.jitter is not None and s.lighting is not None
    return Pipeline(
        mean=s.mean,
        std=s.std,
        padding=s.padding,
        flip=bool(s.flip),
        cutout=s.cutout,
        crop=s.crop,
        size=size,
        jitter=s.jitter,
        lighting=s.lighting,
        before=hooks.before,
        after=hooks.after,
    )
