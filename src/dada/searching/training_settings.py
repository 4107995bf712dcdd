"""Settings of the methods that train a proxy to the end under every candidate policy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from dada.datasets import Dataset, FileDataset
from dada.searching.common_settings import (
    SMALL_BATCH,
    STEPS,
    ResolvedSearch,
    SearchSettings,
    with_operations,
)
from dada.training.network import ResolvedNetwork
from dada.training.resolve import resolved, size_within
from dada.training.settings import ResolvedTraining

_IMAGES, _IMAGES_PER_CLASS = 1000, 20
_BATCH = 64
_VIEWS = 50_000  # images that a trial sees, repetitions included, within
_EPOCHS = (25, 100)  # the fewest and the most epochs


class RoundsSettings(SearchSettings, ABC):
    """Settings of the methods whose iterations are rounds of trials."""

    validated: ClassVar[int] = 2000

    @property
    @abstractmethod
    def rounds_in_all(self) -> int:
        """Rounds of any kind."""

    @property
    def usual_plan(self) -> list[int]:
        """See `SearchSettings.usual_plan`: the epochs of a training in each round."""
        return [self.epochs] * self.rounds_in_all

    @model_validator(mode="after")
    def _plan_fits(self) -> Self:
        if self.plan is not None and len(self.plan) != self.rounds_in_all:
            raise ValueError(f"plan: must be {self.rounds_in_all} numbers of epochs, one per round")
        return self

    def with_usual(
        self, images: int, dataset: Dataset, accelerated: bool, transforms: bool
    ) -> dict[str, Any]:
        """The settings, by name, with what is usual in trials: the task's proxy, on images small
        enough for it, and a crop to fit; the rest as in any training.

        Args:
            images: how many to use, unless that is given.
            transforms: whether the user has transforms, which are made for images at full size.
        """
        given = {k: v for k, v in self.model_dump(exclude_unset=True).items() if v is not None}
        side = max(dataset.side)
        full_size = transforms or "model" in given
        pixels = min(side, given.get("pixels", side if full_size else dataset.task.pixels))
        usual = {
            "model": dataset.task.pretrained if given.get("weights") else dataset.task.proxy,
            "images": images,
            "weight_decay": 5e-4,
            "padding": min(size_within(dataset.side, pixels)) // 8,
        }
        return resolved({**usual, **given, "pixels": pixels}, dataset, accelerated)


class ResolvedRounds(ResolvedSearch, RoundsSettings, ABC):
    """The same with nothing left open."""


class HalvesSettings(RoundsSettings, ABC):
    """Few images, half of which judge, and long trainings of a small network, where augmentation
    matters most."""

    def images_of(self, files: FileDataset) -> int:
        """See `SearchSettings.images_of`."""
        return self.images or _images(len(files.classes))

    def filled(self, dataset: Dataset, accelerated: bool, transforms: bool) -> dict[str, Any]:
        """The settings, by name, with what was left open resolved from the data."""
        images = _images(len(dataset.classes))
        filled = self.with_usual(images, dataset, accelerated, transforms)
        half = max(2, filled["images"] // 2)
        filled["batch"] = min(filled.get("batch", batch_of(half)), half)
        fewest, most = _EPOCHS
        filled.setdefault("epochs", min(most, max(fewest, _VIEWS // half)))
        return with_operations(filled, dataset.channels)


class WholeTrainings(HalvesSettings):
    """Each candidate is trained to the end in every round."""

    rounds: Annotated[int, Field(ge=1, le=20)] = 2
    """How often each candidate, and no policy, is tried; rounds train on the halves in turn."""

    @property
    def rounds_in_all(self) -> int:
        """Rounds of any kind."""
        return self.rounds


class ResolvedTrainings(ResolvedRounds, WholeTrainings):
    """The same with nothing left open."""


def settings_of_a_trial(settings: ResolvedSearch, epochs: int) -> ResolvedTraining:
    """How the proxy is trained: the learning rate a cosine to 0. SGD has no warm-up; AdamW's first
    steps would be as long as all others, whatever the gradient."""
    shared = {name: getattr(settings, name) for name in ResolvedNetwork.model_fields}
    warmup = 1.0 if settings.optimiser == "adamw" else 0.0
    return ResolvedTraining(**{**shared, "epochs": epochs}, warmup=warmup, test_every=1)


def _images(classes: int) -> int:
    return max(_IMAGES, _IMAGES_PER_CLASS * classes)


def batch_of(images: int) -> int:
    """The batch for this many training images: several steps per epoch, however few they are."""
    return min(_BATCH, max(SMALL_BATCH, images // STEPS), max(2, images))
