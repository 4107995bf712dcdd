"""Tasks in which labels are for an image as a whole."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from dada.errors import UserError
from dada.tasks.task import Task


class Labelling(Task):
    """Labels hold for an augmented image as they do for the image itself.

    Outputs are logits (B, outputs), one output per class.
    """

    def expected(self, classes: int, size: tuple[int, int]) -> tuple[tuple[int, ...] | type, str]:
        """See `Task.expected`."""
        return (classes,), f"one number for each of the {classes} classes"

    @abstractmethod
    def wrong(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Which answers are wrong: bool, with the shape of the labels."""

    def accuracy(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """The share of right answers per image: float32 (B,), in [0, 1]."""
        return (~self.wrong(outputs, labels)).float().reshape(len(labels), -1).mean(1)

    @abstractmethod
    def class_errors(self, wrong: Tensor, labels: Tensor, classes: int) -> list[float | None]:
        """The share of wrong answers per class, None for a class without images.

        Args:
            wrong: as from `wrong`, for N images.
            labels: those of the N images.
            classes: number of classes.
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
    def naive_error(self, labels: Tensor) -> float | None:
        """The error of always giving the most frequent answer; None if there is no such answer."""

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


def require_labelling(task: Task, verb: str) -> Labelling:
    """The task, if its labels are for an image as a whole.

    Args:
        verb: what is done with it, in the message.

    Raises:
        UserError: they are not.
    """
    if isinstance(task, Labelling):
        return task
    raise UserError(f"{task.name}: dada {verb} cannot do it yet, only dada search")
