"""Multilabel classification: each image may have any number of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from dada.errors import UserError
from dada.models.child import Loss
from dada.tasks.counts import added, counted
from dada.tasks.labelling import Labelling
from dada.tasks.task import AnyLabels


def binary_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """(B,) losses, each the mean over an image's L labels, from (B, L) logits and labels."""
    return binary_cross_entropy_with_logits(logits, labels, reduction="none").mean(1)


class Multilabel(Labelling):
    """Labels (N, L) are 1 for each of L labels that an image has, else 0.

    Every label is a separate question. The error is the share of wrong answers (Hamming loss),
    where a logit above 0 means yes.
    """

    name = "multilabel"
    words = "several labels per image"
    targets = "float32 (N, L) of 0 and 1"
    dtype = torch.float32
    ndim = 2
    recorded: ClassVar[dict[str, Any]] = {"several_labels": True}

    def check(self, labels: Tensor, classes: int, what: str) -> None:
        """See `Task.check`."""
        if labels.shape[1] != classes or not bool(((labels == 0) | (labels == 1)).all()):
            kind = f"{labels.dtype} {tuple(labels.shape)}".removeprefix("torch.")
            raise UserError(
                f"{what} are {kind} for {classes} classes: must be {classes} columns of 0 and 1"
            )

    def example(self, count: int, classes: int, size: tuple[int, int]) -> Tensor:
        """See `Task.example`."""
        return torch.zeros(count, classes)

    def loss(self, labels: Tensor, balance: bool = False, smoothing: float = 0.0) -> Loss:
        """Binary cross-entropy, the mean over the labels; neither balanced nor smoothed.

        Raises:
            UserError: balance or smoothing is asked for.
        """
        for name, asked in (("balance", balance), ("label_smoothing", smoothing)):
            if asked:
                raise UserError(f"{name} is for one label per image: give a loss of your own")
        return binary_cross_entropy

    def wrong(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B, L)."""
        return (logits > 0) != (labels > 0.5)

    def class_errors(self, wrong: Tensor, labels: Tensor, classes: int) -> list[float | None]:
        """The error on each label, over all images, to six decimals."""
        return [round(error, 6) for error in wrong.double().mean(0).tolist()]

    def tally(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """For each label: the images, the right answers twice, and the loss."""
        right = (~self.wrong(outputs, labels)).double()
        losses = binary_cross_entropy_with_logits(outputs, labels, reduction="none").double()
        return torch.stack([torch.ones_like(right), right, right, losses]).sum(1).cpu()

    def measures(self, tallies: Sequence[Tensor]) -> dict[str, Any]:
        """There is no top-5."""
        tally = added(tallies)
        count, right, _, loss = tally.sum(1).tolist()
        return {
            "test_images": int(count) // tally.shape[1],
            "test_loss": loss / count,
            "test_error": (count - right) / count,
            "test_error_top5": None,
            "class_errors": [
                (images - found) / images if images else None
                for images, found in tally[:2].T.tolist()
            ],
        }

    def answers(self, logits: Tensor) -> Tensor:
        """(B, L): yes where the logit is above 0."""
        return (logits > 0).to(self.dtype)

    def confidence(self, logits: Tensor) -> Tensor:
        """(B, L) the probability of each answer, yes or no: at least one half."""
        return logits.abs().sigmoid()

    def per_class(self, logits: Tensor, labels: Tensor) -> dict[str, list[Any]]:
        """See `Task.per_class`; and the average precision."""
        there, said = labels > 0.5, logits > 0
        found = counted((there & said).sum(0), of=there.sum(0), answered=said.sum(0))
        columns = zip(labels.T, logits.T, strict=True)
        return found | {"average_precision": [_average_precision(*pair) for pair in columns]}

    def in_words(self, label: Tensor, classes: Sequence[str]) -> str:
        """The names of its labels."""
        there = [name for name, yes in zip(classes, label.tolist(), strict=True) if yes > 0.5]
        return ", ".join(there) or "none"

    def prior(self, labels: Tensor, classes: int, count: int) -> Tensor:
        """Log odds of each label."""
        return ((labels.sum(0) + 1) / (len(labels) + 2)).logit().float().expand(count, -1)

    def naive(self, labels: Tensor) -> None:
        """None: no single answer is the most frequent."""

    def strata(self, labels: AnyLabels) -> None:
        """None: splits cannot keep the shares of all combinations, some of which have one image."""

    def matched(self, labels: Tensor, outputs: Sequence[int]) -> tuple[Tensor, Sequence[int]]:
        """The labels as they are: they say nothing about the network's other outputs."""
        return labels, outputs


def _average_precision(labels: Tensor, scores: Tensor) -> float | None:
    """The area under precision over recall, as a sum over the distinct scores."""
    if not labels.any():
        return None
    order = scores.argsort(descending=True)
    hits = labels[order].double().cumsum(0)
    # Equal scores are one threshold, after the last of them.
    last = torch.cat([scores[order].diff() != 0, torch.ones(1, dtype=torch.bool)]).nonzero()[:, 0]
    precision, recall = hits[last] / (last + 1), hits[last] / hits[-1]
    return float((precision * recall.diff(prepend=recall.new_zeros(1))).sum())
