"""Settings that a search and a training share: requested, and resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

# PyTorch rejects numbers beyond the range of float32.
Positive = Annotated[float, Field(gt=0, le=1e38, allow_inf_nan=False)]
Finite = Annotated[float, Field(ge=-1e38, le=1e38, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, le=1e38, allow_inf_nan=False)]
Epochs = Annotated[int, Field(ge=1, le=1_000_000)]
Images = Annotated[int, Field(ge=4)]
Pixels = Annotated[int, Field(ge=0)]
Crop = Literal["padded", "resized"]
Jitter = Annotated[float, Field(ge=0, le=1)]
Means = tuple[Finite, ...]
Deviations = tuple[Annotated[float, Field(ge=1e-4, allow_inf_nan=False)], ...]


class NetworkSettings(BaseModel):
    """What determines how a network is trained. None is resolved from the data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str = "default"
    images: Images | None = None
    """How many training images to use (the reduced set); None: the paper's number for the paper's
    sets, else at most 4,000; for trials 1,000, or 20 per class."""
    model: str | None = None
    weights: str | None = None
    """What the network starts from: "pretrained", for the weights that torchvision or timm offers
    for it, or a file of them; None: fresh weights. The last layer always starts anew where classes
    differ."""
    weights_fingerprint: str | None = None
    """Of these weights; a run resumes with the same. None: whatever they are."""
    epochs: Epochs = 20
    batch: Annotated[int, Field(ge=2)] = 128
    optimiser: Literal["sgd", "adamw"] = "sgd"
    lr: Positive = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: NonNegative = 2e-4
    frozen_statistics: bool = False
    """Whether batch normalisation keeps the statistics that the network starts with."""
    balance: bool = False
    """Weight the loss of each class by its rarity, so that all classes count equally."""
    clip: NonNegative = 5.0
    """Largest norm of the weights' gradient; 0 for none."""
    crop: Crop | None = None
    """A shift by up to `padding` pixels, or a random resized part of the image, as for ImageNet."""
    padding: Pixels | None = None
    flip: bool | None = None
    cutout: Pixels = 0
    """Side of the square that is blanked in every training image, in pixels of the images that
    the network sees, after the policy; 0 for none."""
    jitter: Jitter | None = None
    lighting: NonNegative | None = None
    """Colour jitter and PCA lighting after the policy, as for ImageNet; 0 for none."""
    mean: Means | None = None
    std: Deviations | None = None
    """Per channel, to normalise images with; None: those of the training images."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"

    @field_validator("*", mode="before")
    @classmethod
    def _numbers_are_no_truths(cls, value: Any, info: ValidationInfo) -> Any:
        # Python counts True as 1, and so does pydantic.
        annotation = cls.model_fields[str(info.field_name)].annotation
        if bool not in (annotation, *get_args(annotation)):
            for one in value if isinstance(value, list | tuple) else [value]:
                if isinstance(one, bool):
                    raise ValueError(f"cannot be {str(one).lower()}")
        return value


class ResolvedNetwork(NetworkSettings):
    """The same with nothing left open."""

    images: Images
    model: str
    crop: Crop
    padding: Pixels
    flip: bool
    jitter: Jitter
    lighting: NonNegative
    mean: Means
    std: Deviations


def with_later(kind: type[BaseModel], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that an older release recorded, with those that came later at their defaults.

    Args:
        kind: the class of the settings.
    """
    later = {
        name: field.default
        for name, field in kind.model_fields.items()
        if name not in settings and not field.is_required() and field.default_factory is None
    }
    return {**later, **settings}
