"""A task: what networks are trained for, and all that depends on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor

from dada.models import suggest
from dada.models.child import Loss
from dada.tasks.metric import TEST_ERROR, VALIDATION_ACCURACY, Metric

AnyLabels = TypeVar("AnyLabels", Tensor, np.ndarray)


class Task(ABC):
    """What targets are, the loss of each image, the metric, and how images are split.

    A task holds no data: labels of N images, or of a batch of B, are given to its methods, with
    logits (B, outputs), an output for each class. A search needs no more than one loss per image.

    Targets do not move with their images: a label is as true of an augmented image as of the image
    itself, so that augmentation never sees labels.
    """

    name: ClassVar[str]
    words: ClassVar[str]
    """What an image has, in messages: "one label per image"."""
    targets: ClassVar[str]
    """Type and shape of the labels, in messages."""
    dtype: ClassVar[torch.dtype]
    ndim: ClassVar[int]
    recorded: ClassVar[dict[str, Any]]
    """Entries of a run's files by which its task is known again."""
    metric: ClassVar[Metric] = TEST_ERROR
    """Of test images, one of their `measures`."""
    validation: ClassVar[Metric] = VALIDATION_ACCURACY
    """Of the images that judge in a search: the mean of `accuracy`."""
    proxy: ClassVar[str] = "proxy-32"
    """The network of trials, by its name in `dada.models.create`."""

    def network(self, side: int, accelerated: bool) -> str:
        """The usual network for images ``side`` pixels wide, by its name in `dada.models.create`.

        Args:
            accelerated: whether it runs on a GPU.
        """
        return suggest(side, accelerated)

    @abstractmethod
    def check(self, labels: Tensor, classes: int, what: str) -> None:
        """Refuse labels that are not of so many classes.

        Args:
            labels: at least one image's.
            what: what the message calls them.

        Raises:
            UserError: a label has no class.
        """

    @abstractmethod
    def loss(self, labels: Tensor, balance: bool = False, smoothing: float = 0.0) -> Loss:
        """The usual loss of each image.

        Args:
            labels: of the training images.
            balance: weigh each class by its rarity, so that all classes count alike.
            smoothing: label smoothing (Szegedy et al. 2016).

        Raises:
            UserError: the task knows no balance, or no smoothing.
        """

    @abstractmethod
    def wrong(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Which answers are wrong: bool, of the labels' shape."""

    def accuracy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The share of right answers for each image: float32, (B,), in [0, 1]."""
        return (~self.wrong(logits, labels)).float().reshape(len(labels), -1).mean(1)

    @abstractmethod
    def class_errors(self, wrong: Tensor, labels: Tensor, classes: int) -> list[float | None]:
        """The share of wrong answers for each class, None for a class without images.

        Args:
            wrong: of N images, by `wrong`.
        """

    @abstractmethod
    def tally(self, logits: Tensor, labels: Tensor) -> Tensor:
        """What `measures` needs of a batch: (4, classes) float64, to be summed over batches."""

    @abstractmethod
    def measures(self, tally: Tensor) -> dict[str, Any]:
        """What a test found, as plain data.

        Args:
            tally: (4, classes), the sum over all images.

        Returns:
            `test_images`; `test_loss`, the mean of the usual loss; and, in [0, 1], the `metric`
            by its key (`test_error` is the share of wrong answers), `test_error_top5` where it has
            a meaning, else None, and `class_errors` as in the method of that name.
        """

    @abstractmethod
    def prior(self, labels: Tensor, classes: int) -> Tensor:
        """The best answer without a look at the image: (classes,) logits.

        They are those of how often each class occurs, each counted once more than it does
        (Laplace), so that what never occurs has a finite loss.

        Args:
            labels: of the training images.
        """

    @abstractmethod
    def naive_error(self, labels: Tensor) -> float | None:
        """The error of always giving the most frequent answer; None where none stands out."""

    @abstractmethod
    def strata(self, labels: AnyLabels) -> AnyLabels | None:
        """(N,) class numbers whose shares every split keeps; None to split at random.

        An image that is alone in its stratum cannot be split: it is trained on.
        """

    def fewest(self, labels: Tensor) -> int:
        """How many images keep each class in both halves of a split: two of each, and a few."""
        strata = self.strata(labels)
        return 4 if strata is None or not len(strata) else 4 + 2 * int(strata.max())

    @abstractmethod
    def matched(
        self, labels: Tensor, outputs: Sequence[int]
    ) -> tuple[Tensor, Sequence[int] | None]:
        """Labels of other data for a network that was trained before.

        Args:
            outputs: for each class of the data, the number of the network's output.

        Returns:
            The labels, and the outputs that they are for; None for all that the network has.
        """
