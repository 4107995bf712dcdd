"""Settings of DADA at a horizon above one step."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from dada.datasets import Dataset, FileDataset
from dada.datasets.strata import class_sizes
from dada.searching.common_settings import with_operations
from dada.searching.methods.dada.settings import DadaSettings
from dada.searching.training_settings import ResolvedRounds, RoundsSettings, batch_of
from dada.training.network import Positive

_FOLDS = {"usual": (125, 12), "small": (62, 6), "large": (200, 20)}
"""Images that a fold has, and images per class: the larger of the two counts."""
_JUDGES = 1500  # more images tell little more
_VIEWS = 30_000  # images that a trial sees, repetitions included, within
_EPOCHS = (25, 40)  # the fewest and the most epochs
_MOST_FINAL_ROUNDS = 4  # if not given
_FEWEST_FOLDS, _SMALLEST = 2, 0.6  # of a number of folds and their usual size, if not given


class ArmsSettings(RoundsSettings, DadaSettings):
    """Every operation by itself on small folds, then the found policy at several probabilities."""

    folds: Annotated[int, Field(ge=1, le=100)] = 8
    """How many disjoint parts of the images are trained on, each judged by images outside it. Every
    operation is tried once on each; if their number is even and at least 4, weak on half of them
    and strong on the others, so that magnitudes are learnt."""
    fold_size: Literal["small", "usual", "large"] = "usual"
    """Images of a fold: 62, 125 or 200; or, if that is more, 6, 12 or 20 per class."""
    fold_images: Annotated[int, Field(ge=2)] | None = None
    """Images of a fold; None: what `fold_size` says."""
    final_rounds: Annotated[int, Field(ge=1, le=20)] | None = None
    """Rounds in which the found policy is tried at several probabilities, on folds of their own if
    there are enough images. None: as many as folds, up to 4, on the same folds."""
    rivals: bool = False
    """Whether the final rounds also try the uniform policy and TrivialAugment, one of which may be
    the answer."""
    kl_weight: Positive = 0.3
    """Weight of the KL penalty towards uniform selection of operations; lower is greedier."""

    @property
    def rounds_in_all(self) -> int:
        """Rounds of operations, one per fold, and final ones."""
        return self.folds + (self.final_rounds or min(self.folds, _MOST_FINAL_ROUNDS))

    def images_of(self, files: FileDataset) -> int:
        """See `SearchSettings.images_of`."""
        return self.images or self._images(len(files.classes))

    def _images(self, classes: int) -> int:
        return (self.folds + (self.final_rounds or 0)) * self._fold(classes) + _JUDGES

    def _fold(self, classes: int) -> int:
        images, per_class = _FOLDS[self.fold_size]
        return self.fold_images or max(images, per_class * classes)

    def _fitting(self, dataset: Dataset, images: int) -> int:
        """As many folds as usual; fewer, but an even number, if they would be too small, or no
        class would have an image for each."""
        largest = int(class_sizes(dataset.train.labels.cpu().numpy()).max())
        smallest = int(_SMALLEST * _FOLDS[self.fold_size][0])
        fitting = min(self.folds, largest, images // smallest)
        return max(_FEWEST_FOLDS, fitting // 2 * 2)

    def resolve(
        self, dataset: Dataset, accelerated: bool = False, transforms: bool = False
    ) -> ResolvedArms:
        """See `SearchSettings.resolve`."""
        classes = len(dataset.classes)
        filled = self.with_usual(self._images(classes), dataset, accelerated, transforms)
        folds = filled.setdefault("folds", self._fitting(dataset, filled["images"]))
        fold = min(self._fold(classes), max(2, filled["images"] // max(2, folds)))
        fewest, most = _EPOCHS
        filled.setdefault("epochs", min(most, max(fewest, _VIEWS // fold)))
        filled["batch"] = min(filled.get("batch", batch_of(fold)), fold)
        filled["fold_images"] = fold
        return ResolvedArms(**with_operations(filled, dataset.channels))


class ResolvedArms(ResolvedRounds, ArmsSettings):
    """The same with nothing left open. `keep` None means as many as hold 99 % of the weight."""

    fitted: ClassVar[tuple[str, ...]] = (*ResolvedRounds.fitted, "folds", "fold_images")

    fold_images: Annotated[int, Field(ge=2)]

    def with_images(self, images: int) -> Self:
        """See `ResolvedSearch.with_images`: fewer folds, down to two, and then smaller ones.

        All images judge, which costs little, so those outside the folds stay as they are.
        """
        trained = self.folds * self.fold_images
        wanted, folds = max(4, trained * images // self.images), self.folds
        while folds > _FEWEST_FOLDS and folds * self.fold_images > wanted:
            folds = max(_FEWEST_FOLDS, folds // 2)
        fold = min(self.fold_images, max(2, wanted // folds))
        fitted = {
            "images": max(images, self.images - trained + folds * fold),
            "folds": folds,
            "fold_images": fold,
            "batch": min(self.batch, batch_of(fold)),
        }
        return self.model_copy(update=fitted)
