"""Settings of a search, and the presets."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from dada.datasets import Chosen, Dataset, FileDataset, reduced
from dada.errors import UserError, first_line
from dada.ops import PAPER_OPERATIONS
from dada.policy import Scale, SearchSpace, effective
from dada.policy.sub_policy import Spread
from dada.training.network import NetworkSettings, NonNegative, Positive
from dada.training.presets import from_preset
from dada.training.resolve import resolved, size_within, usual_images

_OF_TRIALS = {"rounds", "price", "pixels"}
_OF_STEPS = {
    *("draws", "views", "estimator", "hypergradient", "magnitudes", "parameters", "update"),
    *("policy_lr", "betas", "memory", "temperature", "hidden", "control_lr", "settled", "lr_min"),
}


class Settings(NetworkSettings):
    """Everything that decides what a search finds, besides the data.

    What is None is resolved from the data by `for_dataset`.
    """

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """PyTorch's CPU generator takes no more bits of it."""
    lr_min: NonNegative = 0.001

    horizon: Literal["training", "step"] = "training"
    """How far a reward sees: to the end of whole trainings of a small network, one for each
    operation (`dada.searching.methods.trials`), or one step of the child ahead, as in the paper."""

    plan: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    """What a search with a budget did, to do it again: the epochs of each round's trials; or for
    each epoch of a search a step at a time, how many in all were planned then. None: `epochs`."""

    # Whole trainings.
    rounds: Annotated[int, Field(ge=1, le=20)] = 2
    """How often each operation, and none, is tried, on the halves of the images in turn."""
    pixels: Annotated[int, Field(ge=8)] | None = None
    """The longer side of images in trials, at most; None: 64, or their own with a network or
    transforms of the user's."""
    price: Positive = 0.6
    """Of leaving the uniform selection of operations: the lower, the more the best are chosen."""

    # The search space.
    operations: tuple[str, ...] | None = None
    length: Annotated[int, Field(ge=1, le=6)] = 2
    scale: Literal["paper", "strength"] = "strength"
    bounds: dict[str, tuple[float, float]] = Field(default_factory=dict)
    spread: Spread = 1.0
    """Randomness of magnitudes, as in `dada.policy.Operation`."""

    # The policy gradient of a step.
    draws: Literal["image", "batch"] = "image"
    views: Annotated[int, Field(ge=1, le=16)] = 1
    """Draws for each image (or batch); the network learns from the first."""
    estimator: Literal["critic", "reinforce", "relax", "gumbel-softmax"] = "critic"
    hypergradient: Literal["exact", "traced", "finite-difference", "first-order"] = "exact"
    """Unless it is set, finite-difference where rewards are differentiated in the images (by
    gumbel-softmax, straight-through and pathwise): exact ones are without the kinks of ReLUs there.
    traced takes rewards from the train gradient's own pass where it can, else as exact: two
    forward passes cheaper of nine, and sometimes less to the point with batch normalisation."""
    magnitudes: Literal["sampled", "straight-through", "pathwise"] = "sampled"
    """How they are learnt: as random quantities by their score, through the images as if every
    pixel were the magnitude, or through the images where operations are differentiable."""
    parameters: Literal["logit", "direct"] = "logit"
    """How probabilities and magnitudes are stored: as logits, or as themselves and clipped."""
    update: Literal["natural", "adam"] = "natural"
    policy_lr: Positive = 0.05
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (
        0.5,
        0.999,
    )
    """Of every Adam: the policy's and that of relax's control variate."""
    memory: Positive = 100.0
    """Steps that the critic's past is worth."""
    temperature: Positive = 0.5
    """Of the relaxations of relax and gumbel-softmax."""
    hidden: Annotated[int, Field(ge=1)] = 100
    control_lr: Positive = 0.005
    """Width and learning rate of relax's control variate."""
    keep: Annotated[int, Field(ge=1)] | None = None
    """How many leading sub-policies the policy keeps; None: of a search by whole trainings the
    fewest that hold 99 % of the weight, else 25."""
    settled: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """The search ends when five epochs made less than this share of the policy's way; 0: never."""
    uniform_weights: bool = False
    """Choose the kept sub-policies uniformly in training, as the paper does."""

    def fitting_hypergradient(self) -> str:
        """The one that is set, or that serves the policy gradient."""
        in_images = self.estimator == "gumbel-softmax" or self.magnitudes != "sampled"
        left_open = "hypergradient" not in self.model_fields_set
        return "finite-difference" if in_images and left_open else self.hypergradient

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        other = _OF_STEPS if self.horizon == "training" else _OF_TRIALS
        fields = type(self).model_fields
        for name in sorted(other & self.model_fields_set):
            if getattr(self, name) != fields[name].default:
                where = "--preset step" if other is _OF_STEPS else "horizon=training"
                raise ValueError(f"{name} has no effect in this search, only with {where}")
        if self.plan is not None:
            self._check(self.plan)
        if self.horizon == "training":
            return self
        sampled = self.magnitudes == "sampled"
        if sampled and self.spread == 0:
            raise ValueError(
                "sampled magnitudes need a spread above 0; fixed ones are learnt straight-through "
                "by another estimator than critic"
            )
        if self.estimator == "critic" and not sampled:
            raise ValueError(f"{self.magnitudes} magnitudes need another estimator than critic")
        if self.estimator == "critic" and self.draws == "batch":
            raise ValueError("the critic needs draws=image, or another estimator")
        if self.fitting_hypergradient() == "finite-difference" and self.precision == "bfloat16":
            raise ValueError(
                "finite differences need precision float32, as bfloat16 rounds them away; "
                "hypergradient=exact does without them"
            )
        if self.update == "natural" and self.parameters == "direct":
            raise ValueError("natural updates need parameters=logit, or update=adam")
        return self

    def _check(self, plan: tuple[int, ...]) -> None:
        if self.horizon == "training":
            if len(plan) != self.rounds + 2:
                raise ValueError(f"plan: must be {self.rounds + 2} numbers of epochs, one a round")
        elif not plan or any(planned <= epoch for epoch, planned in enumerate(plan)):
            raise ValueError("plan: must be how many epochs in all were planned at each epoch")


PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # A gradient at each step of one child network, one step ahead, by the best estimators.
    "step": {"horizon": "step"},
    # The settings of the paper (section 4) and of its published scripts.
    "paper": {
        "horizon": "step",
        "flip": True,
        "scale": "paper",
        "spread": 0.0,
        "draws": "batch",
        "estimator": "relax",
        "hypergradient": "finite-difference",
        "magnitudes": "straight-through",
        "parameters": "direct",
        "update": "adam",
        "policy_lr": 0.005,
        "uniform_weights": True,
        "settled": 0.0,
        # The set's own settings are in PAPER_BY_DATASET.
    },
    # A minute or two, for a first look.
    "demo": {"images": 400, "epochs": 30},
}

NORMALISED = {"mean": (0.4914, 0.4822, 0.4465), "std": (0.2023, 0.1994, 0.2010)}
"""The published scripts' for every set but ImageNet."""

# As the published scripts have it; some of the published policies' names say otherwise: a learning
# rate of 0.025 for CIFAR-100, a Cutout of 20 for SVHN and of 0 for ImageNet.
PAPER_BY_DATASET: dict[str, dict[str, Any]] = {
    "cifar100": {"batch": 32, "weight_decay": 5e-4},
    "svhn": {"model": "wrn-28-10", "batch": 32, "lr": 0.00125, "weight_decay": 1e-3},
    "imagenet": {"model": "resnet50", "batch": 32, "lr": 0.00125, "weight_decay": 1e-4}
    | {"cutout": 16, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
}


_STEPS, _SMALL_BATCH = 8, 16  # an epoch, where images are few; batch norm wants no fewer images
_KEPT = 25  # sub-policies, as in the paper
_TRIAL_IMAGES, _TRIAL_IMAGES_A_CLASS = 1000, 20
_TRIAL_BATCH, _TRIAL_SIDE = 64, 64
_TRIAL_VIEWS = 50_000  # images that a trial sees, the same ones again and again:
_TRIAL_EPOCHS = (25, 100)  # at least and at most so often


def make_settings(preset: str = "default", **overrides: Any) -> Settings:
    """Settings of a preset with single ones replaced; None leaves the preset's.

    Raises:
        UserError: no such preset or setting, or a value out of range.
    """
    settings = from_preset(Settings, PRESETS, preset, overrides)
    search_space(settings)  # names and bounds that cannot be are said before anything is loaded
    return settings


def for_dataset(settings: Settings, dataset: Dataset, accelerated: bool = False) -> Settings:
    """Fill in what was left open, from the data.

    Args:
        accelerated: whether a GPU will do the work, which affords a larger child network.
    """
    filled = settings.model_dump(exclude_unset=True)
    if settings.preset == "paper":
        normalised = NORMALISED if dataset.channels == 3 else {}
        own = PAPER_BY_DATASET.get(dataset.name, {})
        usual = {"model": "wrn-40-2", "batch": 128, "cutout": paper_cutout(min(dataset.side))}
        filled = {**usual, **normalised, **own, **filled}
    if settings.horizon == "training":
        return _for_trials(filled, dataset, accelerated)
    filled = resolved({"keep": _KEPT, **filled}, dataset, accelerated)
    half = max(2, filled["images"] // 2)  # of the images are for training
    # Few images make smaller batches, lest an epoch be a single step.
    usual = min(Settings().batch, max(_SMALL_BATCH, half // _STEPS))
    filled["batch"] = min(filled.get("batch", usual), half)
    filled["hypergradient"] = settings.fitting_hypergradient()
    if filled["hypergradient"] == "finite-difference":
        filled["precision"] = "float32"
    return _with_operations(filled, dataset)


def paper_cutout(side: int) -> int:
    """The paper's Cutout, 16 of 32 pixels, for images of about that size; 0 for all others."""
    return side // 2 if 24 <= side <= 64 else 0


def _for_trials(filled: dict[str, Any], dataset: Dataset, accelerated: bool) -> Settings:
    """For whole trainings: few images, learnt for long, where augmentation matters most."""
    few = _images_of_trials(len(dataset.classes))
    side, given = max(dataset.side), {k: v for k, v in filled.items() if v is not None}
    pixels = side if "model" in given else min(side, _TRIAL_SIDE)
    pixels = min(side, given.get("pixels", pixels))
    shorter = min(size_within(dataset.side, pixels))
    usual = {
        "model": dataset.task.proxy,
        "images": few,
        "weight_decay": 5e-4,
        "padding": shorter // 8,
    }
    filled = resolved({**usual, **given, "pixels": pixels}, dataset, accelerated)
    half = max(2, filled["images"] // 2)
    filled["batch"] = min(filled.get("batch", batch_for_trials(half)), half)
    fewest, most = _TRIAL_EPOCHS
    filled.setdefault("epochs", min(most, max(fewest, _TRIAL_VIEWS // half)))
    return _with_operations(filled, dataset)


def _images_of_trials(classes: int) -> int:
    return max(_TRIAL_IMAGES, _TRIAL_IMAGES_A_CLASS * classes)


def choose_images(settings: Settings, files: FileDataset) -> Chosen:
    """The training images that a search uses, chosen by their labels before they are decoded."""
    images = settings.images or (
        _images_of_trials(len(files.classes))
        if settings.horizon == "training"
        else usual_images(files.name)
    )
    return Chosen(reduced(files.train.labels, images, classes=files.classes), test=False)


def batch_for_trials(images: int) -> int:
    """The batch for so many training images: some steps an epoch, however few they are."""
    return min(_TRIAL_BATCH, max(_SMALL_BATCH, images // _STEPS), max(2, images))


def _with_operations(filled: dict[str, Any], dataset: Dataset) -> Settings:
    space = filled.get("operations") or PAPER_OPERATIONS
    return Settings(**{**filled, "operations": effective(tuple(space), dataset.channels)})


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
