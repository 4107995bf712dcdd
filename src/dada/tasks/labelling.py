"""Tasks in which labels are for an image as a whole."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from dada.errors import DivergedError
from dada.tasks.details import details
from dada.tasks.task import Task


class Labelling(Task):
    """Labels hold for an augmented image as they do for the image itself.

    Outputs are logits (B, outputs), one output per class.
    """

    further: ClassVar[dict[str, str]] = {"test_error_top5": "top-5 error"}
    class_words = "Precision: of the images that get this answer, the share for which it is right."

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

    def kept(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """See `Task.kept`: which answers are wrong."""
        if not outputs.isfinite().all():
            raise DivergedError("the loss on the test images is not a finite number")
        return self.wrong(outputs, labels).cpu()

    def compared(self, kept: Sequence[Tensor], labels: Tensor, classes: int) -> dict[str, Any]:
        """See `Task.compared`."""
        wrong = torch.cat(list(kept))
        return {
            self.metric.key: wrong.double().mean().item(),
            self.metric.class_key: self.class_errors(wrong, labels, classes),
            "wrong": wrong,
        }

    def evidence(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """See `Task.evidence`: the logits."""
        return outputs.cpu()

    def examined(
        self,
        evidence: Sequence[Tensor],
        labels: Tensor,
        classes: Sequence[str],
        files: Sequence[str] = (),
    ) -> dict[str, Any]:
        """See `Task.examined`; what is said besides `tested` is in `dada.tasks.details.details`."""
        logits = torch.cat(list(evidence))
        found = self.tested([self.tally(logits, labels)], len(classes))
        return found | details(logits, labels, self, classes, files)

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
