"""What a test says besides its means: about each class, confusions, and the worst images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dada.tasks import Labelling
from dada.training.calibration import calibration

WORST = 16
"""How many of the images with the highest loss are listed."""
_CONFUSIONS = 20


def details(
    logits: Tensor,
    labels: Tensor,
    task: Labelling,
    classes: Sequence[str],
    files: Sequence[str] = (),
) -> dict[str, Any]:
    """Everything about a test that its images' logits say.

    Args:
        logits: float32 (N, classes).
        labels: as the task has them.
        task: the task.
        classes: their names.
        files: the N files; empty if there are none.

    Returns:
        Plain data. `per_class`: for each class its `name` and what `Task.per_class` has.
        `confusion`, as `Task.confusion`, and `confusions`, the most frequent ones: `label`,
        `answer`, `images` and their `share` of the label's images. `calibration`
        (`dada.training.calibration`). `worst`: the images with the highest loss, each with its
        `image`, a number from 0, its `file` or None, `label`, `answer`, the `probability` that the
        network gave this answer, and its `loss`.
    """
    confusion = task.confusion(logits, labels)
    return {
        "per_class": _per_class(task.per_class(logits, labels), classes),
        "confusion": None if confusion is None else confusion.tolist(),
        "confusions": [] if confusion is None else _confusions(confusion, classes),
        "calibration": calibration(logits, labels, task),
        "worst": _worst(logits, labels, task, classes, files),
    }


def _per_class(columns: dict[str, list[Any]], classes: Sequence[str]) -> list[dict[str, Any]]:
    named = dict(columns)
    if "taken_for" in named:
        named["taken_for"] = [None if n is None else classes[n] for n in named["taken_for"]]
    values = zip(*named.values(), strict=True)
    return [
        {"name": name, **dict(zip(named, row, strict=True))}
        for name, row in zip(classes, values, strict=True)
    ]


def _confusions(confusion: Tensor, classes: Sequence[str]) -> list[dict[str, Any]]:
    """The most frequent ones first; of equal ones those of the smaller class."""
    wrong, sizes = confusion - confusion.diagonal().diag(), confusion.sum(1)
    cells = [(wrong[i, j].item(), i, j) for i, j in wrong.nonzero().tolist()]
    cells.sort(key=lambda cell: (-cell[0], sizes[cell[1]].item(), cell[1:]))
    return [
        {
            "label": classes[i],
            "answer": classes[j],
            "images": images,
            "share": images / sizes[i].item(),
        }
        for images, i, j in cells[:_CONFUSIONS]
    ]


def _worst(
    logits: Tensor, labels: Tensor, task: Labelling, classes: Sequence[str], files: Sequence[str]
) -> list[dict[str, Any]]:
    losses = task.loss(labels)(logits, labels)
    answers = task.answers(logits)
    # With several labels an answer is right only as a whole: the product, as if independent.
    sure = task.confidence(logits).reshape(len(logits), -1).prod(1)
    order = torch.argsort(losses, descending=True, stable=True)[:WORST].tolist()
    return [
        {
            "image": row,
            "file": files[row] if files else None,
            "label": task.in_words(labels[row], classes),
            "answer": task.in_words(answers[row], classes),
            "probability": sure[row].item(),
            "loss": losses[row].item(),
        }
        for row in order
    ]
