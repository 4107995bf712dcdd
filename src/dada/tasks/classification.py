"""Classification: each image has one of several classes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from dada.errors import UserError
from dada.models.child import Loss
from dada.tasks.counts import added, counted
from dada.tasks.labelling import Labelling
from dada.tasks.task import AnyLabels

CROSS_ENTROPY: Loss = partial(cross_entropy, reduction="none")


class Classification(Labelling):
    """Labels (N,) are class numbers from 0; the loss is cross-entropy."""

    name = "classification"
    words = "one label per image"
    targets = "int64 (N,)"
    dtype = torch.int64
    ndim = 1
    recorded: ClassVar[dict[str, Any]] = {"several_labels": False}

    def check(self, labels: Tensor, classes: int, what: str) -> None:
        """See `Task.check`."""
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= classes:
            raise UserError(
                f"{what} are {low} to {high} for {classes} classes: must be 0 to {classes - 1}"
            )

    def example(self, count: int, classes: int, size: tuple[int, int]) -> Tensor:
        """See `Task.example`."""
        return torch.zeros(count, dtype=self.dtype)

    def loss(self, labels: Tensor, balance: bool = False, smoothing: float = 0.0) -> Loss:
        """Cross-entropy."""
        if not balance and not smoothing:
            return CROSS_ENTROPY
        counts = labels.bincount()
        rarity = len(labels) / (counts.count_nonzero() * counts.clamp(min=1))

        def loss(logits: Tensor, labels: Tensor) -> Tensor:
            weights = torch.ones(logits.shape[1], device=logits.device)
            if balance:
                weights[: len(rarity)] = rarity.to(logits)
            return cross_entropy(
                logits, labels, weights, reduction="none", label_smoothing=smoothing
            )

        return loss

    def wrong(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B,) whether the largest logit is another class's."""
        return logits.argmax(1) != labels

    def class_errors(self, wrong: Tensor, labels: Tensor, classes: int) -> list[float | None]:
        """The error on the images of each class, to six decimals."""
        parts = [wrong[labels == c] for c in range(classes)]
        return [round(part.double().mean().item(), 6) if len(part) else None for part in parts]

    def tally(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """For each class: its images, the top-1 hits, the top-5 hits, and the loss."""
        leading = outputs.topk(min(5, outputs.shape[1])).indices == labels[:, None]
        losses = CROSS_ENTROPY(outputs, labels)
        ones = torch.ones_like(losses)
        each = torch.stack([ones, leading[:, 0], leading.any(1), losses]).double()
        return each.new_zeros(4, outputs.shape[1]).index_add_(1, labels, each).cpu()

    def measures(self, tallies: Sequence[Tensor]) -> dict[str, Any]:
        """The error is top-1; there is a top-5 error for more than five classes."""
        tally = added(tallies)
        count, first, five, loss = tally.sum(1).tolist()
        return {
            "test_images": int(count),
            "test_loss": loss / count,
            "test_error": (count - first) / count,
            "test_error_top5": (count - five) / count if tally.shape[1] > 5 else None,
            "class_errors": [
                (images - right) / images if images else None
                for images, right in tally[:2].T.tolist()
            ],
        }

    def answers(self, logits: Tensor) -> Tensor:
        """(B,) the class of the largest logit."""
        return logits.argmax(1)

    def confidence(self, logits: Tensor) -> Tensor:
        """(B,) the largest probability."""
        return logits.softmax(1).amax(1)

    def per_class(self, logits: Tensor, labels: Tensor) -> dict[str, list[Any]]:
        """See `Task.per_class`; and the class that its images are most often taken for."""
        confusion = self.confusion(logits, labels)
        hits, wrong = confusion.diagonal(), confusion - confusion.diagonal().diag()
        most = wrong.max(1)
        return counted(hits, of=confusion.sum(1), answered=confusion.sum(0)) | {
            "taken_for": [
                other if times else None
                for times, other in zip(most.values.tolist(), most.indices.tolist(), strict=True)
            ],
            "times": most.values.tolist(),
        }

    def confusion(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `Task.confusion`."""
        classes = logits.shape[1]
        cells = labels * classes + self.answers(logits)
        return cells.bincount(minlength=classes**2).view(classes, classes)

    def in_words(self, label: Tensor, classes: Sequence[str]) -> str:
        """The name of its class."""
        return classes[int(label)]

    def prior(self, labels: Tensor, classes: int, count: int) -> Tensor:
        """Logarithms of the class counts."""
        return (labels.bincount(minlength=classes) + 1.0).log().float().expand(count, -1)

    def naive(self, labels: Tensor) -> float:
        """One minus the share of the most frequent class, to six decimals."""
        return round(1 - labels.bincount().max().item() / len(labels), 6)

    def strata(self, labels: AnyLabels) -> AnyLabels:
        """The classes themselves."""
        return labels

    def matched(self, labels: Tensor, outputs: Sequence[int]) -> tuple[Tensor, None]:
        """The labels as the network numbers its classes."""
        return torch.tensor(outputs, device=labels.device)[labels], None
