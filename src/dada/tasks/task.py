"""A task: what networks are trained for, and all that depends on it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor

from dada.errors import DivergedError, UserError
from dada.models import suggest
from dada.models.child import Loss, Outputs
from dada.tasks.details import per_class, worst
from dada.tasks.metric import TEST_ERROR, VALIDATION_ACCURACY, Metric

AnyLabels = TypeVar("AnyLabels", Tensor, np.ndarray)

AllLabels: TypeAlias = Any
"""Labels of N images: a tensor, or `dada.tasks.packed.PackedMaps` of labels in pictures in files.

Any, as each task has its own.
"""


class Task(ABC):
    """What targets are, how they move, the loss per image, the metric, and how images are split.

    A task holds no data: its methods are given the labels of N images, or of a batch of B with the
    network's outputs for it. Labels are one tensor with a row per image; those of files that are
    pictures themselves may be packed (`AllLabels`), and are looked at in parts. A search needs no
    more than one loss per image.
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
    moves: ClassVar[bool] = False
    """Whether labels move with the pixels of their image, and can be drawn on it; else augmentation
    never sees them."""
    metric: ClassVar[Metric] = TEST_ERROR
    """The metric on test images, one of their `measures`."""
    further: ClassVar[dict[str, str]] = {}
    """What else is in [0, 1] among its `measures`, and what it is called."""
    class_words: ClassVar[str]
    """What the table of classes has, where a reader may not know."""
    found_words: ClassVar[str] = "what the network found"
    """What is drawn as the network's answer."""
    validation: ClassVar[Metric] = VALIDATION_ACCURACY
    """The metric on a search's validation images: the mean of `accuracy`."""
    proxy: ClassVar[str] = "proxy-32"
    """The network of trials, by its name in `dada.models.create`."""
    pixels: ClassVar[int] = 64
    """Longest side of the images in trials, at most."""
    fewest_pixels: ClassVar[int] = 32
    """Longest side of the images of a comparison that has little time, at most."""
    usual: ClassVar[dict[str, Any]] = {}
    """Settings of a training, where the user sets none."""
    demo: ClassVar[dict[str, Any]] = {"model": "wrn-10-1", "batch": 64}
    """Those of the preset demo besides."""
    temperatures: ClassVar[Sequence[float]] = (2.0 ** torch.linspace(-3, 5, 33)).tolist()
    """The outputs of trials are judged at the best of these."""
    pretrained: ClassVar[str] = "resnet18"
    """The usual network with pre-trained weights; torchvision offers them."""

    def network(self, side: int, accelerated: bool) -> str:
        """The usual network for images ``side`` pixels wide, by its name in `dada.models.create`.

        Args:
            accelerated: whether it runs on a GPU.
        """
        return suggest(side, accelerated)

    def fits(self, labels: AllLabels) -> bool:
        """Whether labels of this shape, and of this type where shapes are alike, are the task's."""
        return labels.ndim == self.ndim

    @abstractmethod
    def check(self, labels: AllLabels, classes: int, what: str) -> None:
        """Refuse labels that do not fit the number of classes.

        Args:
            labels: those of at least one image.
            what: what the message calls them.

        Raises:
            UserError: a label has no class.
        """

    def check_test(self, labels: AllLabels, what: str) -> None:
        """Refuse labels of test images on which the metric is not defined, before a training.

        Raises:
            UserError: nothing in them can be found.
        """
        return

    def check_size(self, labels: Tensor, size: tuple[int, int]) -> None:
        """Refuse labels that do not fit the height and width of their images.

        Raises:
            UserError: they do not.
        """
        return

    def moved(self, labels: Tensor, maps: Tensor, size: tuple[int, int]) -> Tensor:
        """The labels of B images whose pixels were moved.

        Args:
            labels: of B images.
            maps: float64 (B, K, 6) on the CPU, K steps in order, each as in `dada.ops.affine`.
            size: height and width of the images, in pixels.
        """
        return labels

    def found(self, outputs: Outputs, size: tuple[int, int]) -> Tensor:
        """The answers for B images, of that height and width, as labels of the task, where these
        can be drawn."""
        raise UserError(f"{self.name}: answers cannot be drawn")

    def inks(self, classes: int) -> list[tuple[int, int, int] | None]:
        """The colours (red, green, blue) of the classes in `drawn`, None where there is none."""
        return [None] * classes

    def occurrences(self, labels: AllLabels, classes: int) -> dict[str, list[Any]]:
        """How often classes occur in N images, by what is counted: a value per class."""
        return {}

    def resized(self, labels: Tensor, size: tuple[int, int]) -> Tensor:
        """The labels of images that are brought to that height and width, in pixels."""
        return labels

    def drawn(self, images: Tensor, labels: Tensor) -> Tensor:
        """The images, uint8 (B, C, H, W), with what can be drawn of their labels."""
        return images

    @abstractmethod
    def example(self, count: int, classes: int, size: tuple[int, int]) -> Tensor:
        """Labels of `count` images of that height and width; some have nothing, where they may."""

    @abstractmethod
    def expected(self, classes: int, size: tuple[int, int]) -> tuple[tuple[int, ...] | type, str]:
        """What a network gives: the shape after the batch, or the type; and in words why."""

    @abstractmethod
    def loss(self, labels: AllLabels, balance: bool = False, smoothing: float = 0.0) -> Loss:
        """The usual loss: (outputs, labels) to one number per image.

        Args:
            labels: those of the training images.
            balance: weight each class by its rarity, so that all classes count equally.
            smoothing: label smoothing, in [0, 1) (Szegedy et al. 2016).

        Raises:
            UserError: the task does not support balance, or smoothing.
        """

    @abstractmethod
    def accuracy(self, outputs: Outputs, labels: Tensor) -> Tensor:
        """How much of an image is right: float32 (B,), in [0, 1]."""

    def tempered(self, outputs: Outputs, temperature: float) -> Outputs:
        """The outputs at a temperature (Guo et al. 2017): logits are divided by it."""
        return outputs / temperature

    @abstractmethod
    def prior(self, labels: Tensor, classes: int, count: int) -> Outputs | None:
        """The best answer without looking at the image, as outputs for `count` images.

        They give each class its share, with one added to each count (Laplace), so that a class that
        never occurs has a finite loss. None where only a network can make outputs.

        Args:
            labels: those of the training images.
            classes: number of classes.
        """

    def tally(self, outputs: Outputs, labels: Tensor) -> Any:
        """What `measures` needs from a batch: tensors on the CPU, or plain data.

        Raises:
            UserError: the task can be searched for, but not measured.
        """
        raise UserError(f"{self.name}: a network cannot be tested yet, only searched with")

    def measures(self, tallies: Sequence[Any]) -> dict[str, Any]:
        """The results of a test, as plain data.

        Args:
            tallies: of all batches of all images.

        Returns:
            `test_images`; `test_loss`, the mean of the usual loss; and, in [0, 1], the `metric`
            by its key (`test_error` is the share of wrong answers), and what the task adds: where
            an image has labels `test_error_top5` if it is meaningful, else None, and
            `class_errors`, the share of wrong answers per class, None for a class without images.
            Names of lists with a value per class begin with "class_".
        """
        raise UserError(f"{self.name}: a network cannot be tested yet, only searched with")

    def losses(self, tallies: Sequence[Any]) -> Tensor:
        """(N,) the loss of each image, of tallies that keep it."""
        return torch.cat([tally["losses"] for tally in tallies])

    def kept(self, outputs: Outputs, labels: Tensor) -> Any:
        """What `compared` needs from a batch, on the CPU.

        Raises:
            DivergedError: the outputs are not finite numbers.
        """
        return self.tally(outputs, labels)

    def compared(self, kept: Sequence[Any], labels: Tensor, classes: int) -> dict[str, Any]:
        """What a comparison records of a test: the metric by its key, its values per class by
        theirs and, if it is a mean over answers, `wrong`: which answers are, bool with the shape of
        the labels.

        Args:
            kept: of all batches.
            labels: those of all images.
            classes: number of classes.

        Raises:
            DivergedError: the loss is not a finite number.
        """
        found = self.tested(kept, classes)
        return {key: found[key] for key in (self.metric.key, self.metric.class_key)}

    def tested(self, tallies: Sequence[Any], classes: int) -> dict[str, Any]:
        """The same as `measures`, with a value for each class, None for those that never occur.

        Raises:
            DivergedError: the loss is not a finite number.
        """
        found = self.measures(tallies)
        if not math.isfinite(found["test_loss"]):
            raise DivergedError("the loss on the test images is not a finite number")
        key = self.metric.class_key
        found[key] = [*found[key], *[None] * (classes - len(found[key]))]
        return found

    def evidence(self, outputs: Outputs, labels: Tensor) -> Any:
        """What `examined` needs from a batch, on the CPU."""
        return self.tally(outputs, labels)

    def examined(
        self,
        evidence: Sequence[Any],
        labels: AllLabels,
        classes: Sequence[str],
        files: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Everything about a test, as plain data.

        Args:
            evidence: of all batches of N images.
            labels: those of the N images.
            classes: names of the network's outputs.
            files: those of the images; empty if there are none.

        Returns:
            As `tested`; `per_class`: for each class its `name`, how often it occurs (`occurrences`)
            and the metric; and `worst`, as from `dada.tasks.details.worst`. Where labels are for an
            image as a whole, more is said (`dada.tasks.details.details`).

        Raises:
            DivergedError: the loss is not a finite number.
        """
        found = self.tested(evidence, len(classes))
        columns = self.occurrences(labels, len(classes))
        columns[self.metric.of_class] = found[self.metric.class_key]
        return found | {
            "per_class": per_class(columns, classes),
            "worst": worst(self.losses(evidence), files),
        }

    def naive(self, labels: Tensor) -> float | None:
        """The metric of answering without looking (`Metric.naive`); None where one has to look."""
        return None

    @abstractmethod
    def matched(
        self, labels: AllLabels, outputs: Sequence[int]
    ) -> tuple[AllLabels, Sequence[int] | None]:
        """The labels of other data for a network that is already trained.

        Args:
            labels: those of the data.
            outputs: for each class of the data, the index of the network's output.

        Returns:
            The labels, and the outputs that they are for; None for all of the network's.
        """

    @abstractmethod
    def strata(self, labels: AnyLabels) -> AnyLabels | None:
        """(N,) class numbers whose shares every split keeps; None to split at random.

        An image that is alone in its stratum goes to the training images.
        """

    def fewest(self, labels: Tensor) -> int:
        """The number of images that keeps each class in both halves: two per class, and a few."""
        strata = self.strata(labels)
        return 4 if strata is None or not len(strata) else 4 + 2 * int(strata.max())
