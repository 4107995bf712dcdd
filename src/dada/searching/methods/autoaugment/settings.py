"""Settings of AutoAugment."""

from __future__ import annotations

from math import ceil
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from dada.datasets import Dataset, FileDataset
from dada.searching.common_settings import SpaceSettings, with_operations
from dada.searching.training_settings import ResolvedRounds, RoundsSettings, batch_of
from dada.training.network import Positive

_FOLD, _PER_CLASS = 125, 12  # images of a fold, or per class if that is more
_JUDGES = 1500  # more images tell little more
_EPOCHS = 40
_FEWEST_UPDATES = 3  # that a budget leaves


class AutoAugmentSettings(RoundsSettings, SpaceSettings):
    """By default a hundredth of the paper's children, each of which sees a hundredth of the images.

    The paper: 15,000 children of WRN-40-2, 120 epochs each, on 4,000 images of CIFAR-10; 5,000
    hours of a GPU. Here: 150 children of a proxy, 40 epochs each, on 125 images.
    """

    method: Literal["autoaugment"] = "autoaugment"
    children: Annotated[int, Field(ge=1, le=100_000)] = 150
    """Policies that are tried, each by one training. The paper: 15,000, a hundred times as many."""
    children_per_update: Annotated[int, Field(ge=1, le=1000)] = 15
    """Children that the controller draws before it learns from them: an iteration of the search.
    The paper does not say."""
    size: Annotated[int, Field(ge=1, le=100)] = 5
    """Sub-policies of a child, as in the paper."""
    best: Annotated[int, Field(ge=1, le=1000)] = 5
    """The found policy has the sub-policies of so many children, the best ones; as in the paper."""
    fold_images: Annotated[int, Field(ge=2)] | None = None
    """Images that every child is trained on; all others that the search uses judge. None: 125, or
    12 per class if that is more. The paper: 4,000."""
    controller_lr: Positive = 0.00035
    """Learning rate of the controller, as in the paper."""
    controller_epochs: Annotated[int, Field(ge=1, le=1000)] = 10
    """Steps of Adam per update of the controller. The paper does not say."""

    @property
    def rounds_in_all(self) -> int:
        """Batches of children; the last may be smaller."""
        return ceil(self.children / self.children_per_update)

    def images_of(self, files: FileDataset) -> int:
        """See `SearchSettings.images_of`."""
        return self.images or self._fold(len(files.classes)) + _JUDGES

    def _fold(self, classes: int) -> int:
        return self.fold_images or max(_FOLD, _PER_CLASS * classes)

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedAutoAugment:
        """See `SearchSettings.resolve`."""
        fold = self._fold(len(dataset.classes))
        filled = self.with_usual(fold + _JUDGES, dataset, accelerated, transforms)
        fold = min(fold, max(2, filled["images"] // 2))
        filled.setdefault("epochs", _EPOCHS)
        filled["batch"] = min(filled.get("batch", batch_of(fold)), fold)
        filled["fold_images"] = fold
        return ResolvedAutoAugment(**with_operations(filled, dataset.channels))


class ResolvedAutoAugment(ResolvedRounds, AutoAugmentSettings):
    """The same with nothing left open."""

    fitted: ClassVar[tuple[str, ...]] = (*ResolvedRounds.fitted, "fold_images", "children")

    fold_images: Annotated[int, Field(ge=2)]

    def with_images(self, images: int) -> Self:
        """See `ResolvedSearch.with_images`: fewer children, down to three batches, and then a
        smaller fold. Judging costs little."""
        share = images / self.images
        fewest = min(self.children, _FEWEST_UPDATES * self.children_per_update)
        children = max(fewest, int(share * self.children))
        fold = max(2, int(self.fold_images * min(1.0, share * self.children / children)))
        fitted = {
            "children": children,
            "images": max(images, self.images - self.fold_images + fold),
            "fold_images": fold,
            "batch": min(self.batch, batch_of(fold)),
        }
        return self.model_copy(update=fitted)
