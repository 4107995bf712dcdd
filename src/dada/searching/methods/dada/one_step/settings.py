"""Settings of DADA at a horizon of one step."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from dada.datasets import Dataset, FileDataset
from dada.searching.common_settings import (
    SMALL_BATCH,
    STEPS,
    EpochsSettings,
    ResolvedSearch,
    with_operations,
)
from dada.searching.methods.dada.one_step.published import by_dataset
from dada.searching.methods.dada.settings import DadaSettings
from dada.training.network import NonNegative, Positive
from dada.training.resolve import resolved, usual_images

_KEPT = 25  # sub-policies, as in the paper


class OneStepSettings(DadaSettings, EpochsSettings):
    """A gradient at each step of one child network."""

    horizon: Annotated[float, Field(ge=0, le=0)] = 0.0
    lr_min: NonNegative = 0.001
    draws: Literal["image", "batch"] = "image"
    views: Annotated[int, Field(ge=1, le=16)] = 1
    """Draws for each image (or batch); the network learns from the first."""
    estimator: Literal["critic", "reinforce", "relax", "gumbel-softmax"] = "critic"
    hypergradient: Literal["exact", "traced", "finite-difference", "first-order"] = "exact"
    """Unless it is set, finite-difference where rewards are differentiated with respect to images
    (gumbel-softmax, straight-through, pathwise), as exact derivatives miss the kinks of ReLUs.
    traced takes rewards from the training gradient's own pass where possible, else it is exact: it
    saves two of nine forward passes, and is sometimes less accurate with batch normalisation."""
    magnitudes: Literal["sampled", "straight-through", "pathwise"] = "sampled"
    """How they are learnt: as random quantities by their score, through the images as if every
    pixel were the magnitude, or through the images where operations are differentiable."""
    parameters: Literal["logit", "direct"] = "logit"
    """How probabilities and magnitudes are stored: as logits, or directly, and clipped."""
    update: Literal["natural", "adam"] = "natural"
    policy_lr: Positive = 0.05
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (
        0.5,
        0.999,
    )
    """Those of every Adam: the policy's, and that of relax's control variate."""
    memory: Positive = 100.0
    """How many past steps the critic remembers, effectively."""
    temperature: Positive = 0.5
    """Temperature of the relaxations of relax and gumbel-softmax."""
    hidden: Annotated[int, Field(ge=1)] = 100
    control_lr: Positive = 0.005
    """Width and learning rate of relax's control variate."""
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.02
    """The search has converged when five epochs cover less than this share of the policy's way; 0:
    never."""

    def fitting_hypergradient(self) -> str:
        """The one that is set, or the one that suits the policy gradient."""
        in_images = self.estimator == "gumbel-softmax" or self.magnitudes != "sampled"
        left_open = "hypergradient" not in self.model_fields_set
        return "finite-difference" if in_images and left_open else self.hypergradient

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
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
        if self.optimiser != "sgd":
            raise ValueError(f"optimiser {self.optimiser}: a look one step ahead is one of sgd")
        if self.update == "natural" and self.parameters == "direct":
            raise ValueError("natural updates need parameters=logit, or update=adam")
        return self

    def images_of(self, files: FileDataset) -> int:
        """See `SearchSettings.images_of`."""
        return self.images or usual_images(files.name)

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedOneStep:
        """See `SearchSettings.resolve`."""
        filled: dict[str, Any] = {"keep": _KEPT, **self.model_dump(exclude_unset=True)}
        if self.preset == "paper":
            filled = {**by_dataset(dataset), **filled}
        side = max(dataset.side)
        filled["pixels"] = min(side, filled.get("pixels") or side)
        filled = resolved(filled, dataset, accelerated)
        half = max(2, filled["images"] // 2)  # the training half
        # Few images make smaller batches, so that an epoch has several steps.
        usual = min(type(self).model_fields["batch"].default, max(SMALL_BATCH, half // STEPS))
        filled["batch"] = min(filled.get("batch", usual), half)
        filled["hypergradient"] = self.fitting_hypergradient()
        if filled["hypergradient"] == "finite-difference":
            filled["precision"] = "float32"
        return ResolvedOneStep(**with_operations(filled, dataset.channels))


class ResolvedOneStep(ResolvedSearch, OneStepSettings):
    """The same with nothing left open."""

    keep: Annotated[int, Field(ge=1)]
