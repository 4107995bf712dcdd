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
    """What targets are, the loss per image, the metric, and how images are split.

    A task holds no data: its methods are given the labels of N images, or of a batch of B with
    logits (B, outputs), one output per class. A search needs no more than one loss per image.

    Targets do not move with their images: a label holds for an augmented image as it does for the
    image itself, so augmentation never sees labels.
    """

    name: ClassVar[str]
    words: ClassVar[str]
    """What an image has, in messages: "one label per image"."""
    targets: ClassVar[str]
    """Type and shape of the labels, in messages."""
    dtype: ClassVar[torch.dtype]
    ndim: ClassVar[int]
    recorded: ClassVar[dict[str, Any]]
    """Entries in a run's files by which its task is recognised."""
    metric: ClassVar[Metric] = TEST_ERROR
    """The metric on test images, one of their `measures`."""
    validation: ClassVar[Metric] = VALIDATION_ACCURACY
    """The metric on a search's validation images: the mean of `accuracy`."""
    proxy: ClassVar[str] = "proxy-32"
    """The network of trials, by its name in `dada.models.create`."""
    pretrained: ClassVar[str] = "resnet18"
    """The usual network with pre-trained weights; torchvision offers them."""

    def network(self, side: int, accelerated: bool) -> str:
        """The usual network for images ``side`` pixels wide, by its name in `dada.models.create`.

        Args:
            accelerated: whether it runs on a GPU.
        """
        return suggest(side, accelerated)

    @abstractmethod
    def check(self, labels: Tensor, classes: int, what: str) -> None:
        """Refuse labels that do not fit the number of classes.

        Args:
            labels: those of at least one image.
            what: what the message calls them.

        Raises:
            UserError: a label has no class.
        """

    @abstractmethod
    def loss(self, labels: Tensor, balance: bool = False, smoothing: float = 0.0) -> Loss:
        """The usual loss: (logits, labels) to one number per image.

        Args:
            labels: those of the training images.
            balance: weight each class by its rarity, so that all classes count equally.
            smoothing: label smoothing, in [0, 1) (Szegedy et al. 2016).

        Raises:
            UserError: the task does not support balance, or smoothing.
        """

    @abstractmethod
    def wrong(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Which answers are wrong: bool, with the shape of the labels."""

    def accuracy(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The share of right answers per image: float32 (B,), in [0, 1]."""
        return (~self.wrong(logits, labels)).float().reshape(len(labels), -1).mean(1)

    @abstractmethod
    def class_errors(self, wrong: Tensor, labels: Tensor, classes: int) -> list[float | None]:
        """The share of wrong answers per class, None for a class without images.

        Args:
            wrong: as from `wrong`, for N images.
            labels: those of the N images.
            classes: number of classes.
        """

    @abstractmethod
    def tally(self, logits: Tensor, labels: Tensor) -> Tensor:
        """What `measures` needs from a batch: (4, classes) float64, to be summed over batches."""

    @abstractmethod
    def measures(self, tally: Tensor) -> dict[str, Any]:
        """The results of a test, as plain data.

        Args:
            tally: (4, classes), the sum over all images.

        Returns:
            `test_images`; `test_loss`, the mean of the usual loss; and, in [0, 1], the `metric`
            by its key (`test_error` is the share of wrong answers), `test_error_top5` if it is
            meaningful, else None, and `class_errors` as in the method of that name.
        """

    @abstractmethod
    def answers(self, logits: Tensor) -> Tensor:
        """The network's answers: (B, …), as labels are."""

    @abstractmethod
    def confidence(self, logits: Tensor) -> Tensor:
        """The probability that the network gives each of its answers, in [0, 1]: (B, …)."""

    @abstractmethod
    def per_class(self, logits: Tensor, labels: Tensor) -> dict[str, list[Any]]:
        """What is measured of each class besides its error, on N images: a value per class.

        Returns:
            `images` (of the class), `recall`, `precision` and `f1`, and what a task adds; None
            where there is nothing to divide by: no image of the class, or no such answer.
        """

    def confusion(self, logits: Tensor, labels: Tensor) -> Tensor | None:
        """int64 (classes, classes): how many images of each class, a row, got which answer, a
        column. None where images do not have one class each."""
        return None

    @abstractmethod
    def in_words(self, label: Tensor, classes: Sequence[str]) -> str:
        """One image's label, or the answer for it, in words."""

    @abstractmethod
    def prior(self, labels: Tensor, classes: int) -> Tensor:
        """The best answer without looking at the image: (classes,) logits.

        They give each class its share, with one added to each count (Laplace), so that a class that
        never occurs has a finite loss.

        Args:
            labels: those of the training images.
            classes: number of classes.
        """

    @abstractmethod
    def naive_error(self, labels: Tensor) -> float | None:
        """The error of always giving the most frequent answer; None if there is no such answer."""

    @abstractmethod
    def strata(self, labels: AnyLabels) -> AnyLabels | None:
        """(N,) class numbers whose shares every split keeps; None to split at random.

        An image that is alone in its stratum goes to the training images.
        """

    def fewest(self, labels: Tensor) -> int:
        """The number of images that keeps each class in both halves: two per class, and a few."""
        strata = self.strata(labels)
        return 4 if strata is None or not len(strata) else 4 + 2 * int(strata.max())

    @abstractmethod
    def matched(
        self, labels: Tensor, outputs: Sequence[int]
    ) -> tuple[Tensor, Sequence[int] | None]:
        """The labels of other data for a network that is already trained.

        Args:
            labels: those of the data.
            outputs: for each class of the data, the index of the network's output.

        Returns:
            The labels, and the outputs that they are for; None for all of the network's.
        """
