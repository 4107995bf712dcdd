"""Settings of Fast AutoAugment."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dada.datasets import Dataset, FileDataset
from dada.extras import check_library
from dada.searching.common_settings import SpaceSettings, with_operations
from dada.searching.training_settings import ResolvedRounds, RoundsSettings, batch_of

BLOCK = 10
"""Trials on each fold in a round, after which the search can be resumed."""
_IMAGES, _IMAGES_PER_CLASS = 1000, 20
_VIEWS = 50_000  # images that a child sees, repetitions included, within
_EPOCHS = (25, 100)  # the fewest and the most epochs


class FastAutoAugmentSettings(RoundsSettings, SpaceSettings):
    """A child for each fold, trained without a policy, and sets of sub-policies tried on it.

    The paper has 4,000 images of CIFAR-10, a WRN-40-2, 200 epochs, batches of 128, and Cutout 16
    around the policy.
    """

    method: Literal["fast_autoaugment"] = "fast_autoaugment"
    folds: Annotated[int, Field(ge=1, le=20)] = 5
    """How often a share of the images is held out, and a child trained on the rest; 5 in the
    paper."""
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.4
    """The share that is held out, on which the child tries policies; 0.4 in the published code."""
    trials: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Sets of sub-policies that are tried on each fold; 200 in the paper."""
    size: Annotated[int, Field(ge=1, le=10)] = 5
    """Sub-policies of a set; 5 in the paper."""
    kept_share: Annotated[float, Field(gt=0, le=1)] = 0.05
    """The share of each fold's trials whose sub-policies the policy keeps, of the best, at least
    one; 10 of 200 in the published code."""
    reward: Literal["loss", "accuracy"] = "loss"
    """What a set earns: a low loss, or a high accuracy as in the published code, which few images
    can hardly tell apart."""
    drawn_views: bool = False
    """Whether each of as many views of an image is under a sub-policy drawn from the set, as in the
    published code, or each sub-policy has one view."""

    @model_validator(mode="after")
    def _library_is_there(self) -> Self:
        # Before data are loaded, and without importing it.
        check_library("optuna", "method fast_autoaugment")
        return self

    @property
    def rounds_in_all(self) -> int:
        """The round that trains the children, and those of trials."""
        return 1 + math.ceil(self.trials / BLOCK)

    @property
    def usual_plan(self) -> list[int]:
        """See `SearchSettings.usual_plan`: the epochs of the children, then the trials of each
        round on each fold."""
        blocks = range(0, self.trials, BLOCK)
        return [self.epochs, *(min(BLOCK, self.trials - done) for done in blocks)]

    def images_of(self, files: FileDataset) -> int:
        """See `SearchSettings.images_of`."""
        return self.images or _images(len(files.classes))

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedFastAutoAugment:
        """See `SearchSettings.resolve`."""
        images = _images(len(dataset.classes))
        filled = self.with_usual(images, dataset, accelerated, transforms)
        trained = max(2, round((1 - self.held_out) * filled["images"]))
        filled["batch"] = min(filled.get("batch", batch_of(trained)), trained)
        fewest, most = _EPOCHS
        filled.setdefault("epochs", min(most, max(fewest, _VIEWS // trained)))
        return ResolvedFastAutoAugment(**with_operations(filled, dataset.channels))


class ResolvedFastAutoAugment(ResolvedRounds, FastAutoAugmentSettings):
    """The same with nothing left open."""


def _images(classes: int) -> int:
    return max(_IMAGES, _IMAGES_PER_CLASS * classes)
