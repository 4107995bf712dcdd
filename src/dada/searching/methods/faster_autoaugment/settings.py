"""Settings of Faster AutoAugment."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from dada.datasets import Dataset, FileDataset
from dada.searching.common_settings import (
    SMALL_BATCH,
    STEPS,
    EpochsSettings,
    ResolvedSearch,
    SpaceSettings,
    with_operations,
)
from dada.training.network import NonNegative, Positive
from dada.training.resolve import resolved, size_within

_IMAGES = 2000
_SIDE = 64  # pixels
_Beta = Annotated[float, Field(ge=0, lt=1)]


class FasterAutoAugmentSettings(SpaceSettings, EpochsSettings):
    """A critic and a policy that learn against each other.

    The paper's values (Hataya et al., ECCV 2020, arXiv:1911.06987; moskomule/dda,
    faster_autoaugment/config/search.yaml): 4,000 images of CIFAR-10 in batches of 128, 20 epochs,
    and a WRN-40-2 as critic. Here half of each and a small network take minutes on a CPU, at the
    paper's number of steps per epoch.
    """

    without_effect: ClassVar[tuple[str, ...]] = ("optimiser", "momentum", "weight_decay", "clip")

    method: Literal["faster_autoaugment"] = "faster_autoaugment"
    batch: Annotated[int, Field(ge=2)] = 64
    """Images per step, of which one half is augmented and the other is not; the paper: 128."""
    lr: Positive = 1e-3
    """Adam's, of the critic; the paper's."""
    policy_lr: Positive = 1e-3
    """Adam's, of the policy; the paper's. A number moves by about as much in each step."""
    betas: tuple[_Beta, _Beta] = (0.0, 0.999)
    """Those of both Adams; the paper's."""
    sub_policies: Annotated[int, Field(ge=1, le=100)] = 10
    """Sub-policies learnt; the paper's number."""
    length: Annotated[int, Field(ge=1, le=3)] = 2
    """Operations applied one after the other by a sub-policy; the paper: 2."""
    temperature: Positive = 0.05
    """Of the softmax over the operations of a slot; the paper's."""
    bit_temperature: Positive = 0.1
    """Of the relaxed choice whether an operation is applied; the published code's."""
    class_weight: NonNegative = 0.1
    """Weight of the classification loss, beside the distance between densities; the paper's ε."""
    penalty_weight: NonNegative = 10.0
    """Weight of the gradient penalty; that of the published code, and of WGAN-GP."""
    keep: Annotated[int, Field(ge=1)] | None = None
    """How many combinations of operations the policy keeps; None: the fewest that hold 99 % of the
    weight."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        for name in self.without_effect:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(
                    f"{name}: has no effect with method faster_autoaugment, whose optimisers are "
                    "Adam with lr, policy_lr and betas"
                )
        if self.precision == "bfloat16":
            raise ValueError("precision: bfloat16 is too coarse for the gradient penalty")
        return self

    def images_of(self, files: FileDataset) -> int:
        """See `SearchSettings.images_of`."""
        return self.images or _IMAGES

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedFasterAutoAugment:
        """See `SearchSettings.resolve`."""
        given = {k: v for k, v in self.model_dump(exclude_unset=True).items() if v is not None}
        side = max(dataset.side)
        usual_side = side if transforms or "model" in given else min(side, _SIDE)
        pixels = min(side, given.get("pixels", usual_side))
        usual = {
            "model": dataset.task.pretrained if given.get("weights") else dataset.task.proxy,
            "images": _IMAGES,
            "lr": self.lr,
            "padding": min(size_within(dataset.side, pixels)) // 8,
        }
        # A penalty on the slope needs the second derivatives, in full precision.
        exact: dict[str, Any] = {"pixels": pixels, "precision": "float32"}
        filled = resolved({**usual, **given, **exact}, dataset, accelerated)
        # Few images make smaller batches, so that an epoch has several steps.
        fitting = max(2 * SMALL_BATCH, filled["images"] // STEPS)
        filled["batch"] = min(filled.get("batch", min(self.batch, fitting)), filled["images"])
        return ResolvedFasterAutoAugment(**with_operations(filled, dataset.channels))


class ResolvedFasterAutoAugment(ResolvedSearch, FasterAutoAugmentSettings):
    """The same with nothing left open."""
